// SPDX-License-Identifier: GPL-2.0-only
// Tasks: the processes of the userland, found in a kernel's list of tasks.
#include "walk/tasks.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "context/hex.hpp"

namespace nap::walk {

namespace {
constexpr std::uint32_t kDeepestNamespace = 32;  // MAX_PID_NS_LEVEL
constexpr std::size_t kNameSize = 16;            // TASK_COMM_LEN

std::unexpected<Error> malformed(const std::string& why) {
    return fail(ErrorKind::protocol, "Reading the kernel's tasks failed: " + why + ".");
}

struct Identity {  // of a process: its struct pid
    std::uint64_t address = 0;
    std::uint32_t level = 0;  // of the PID namespace it lives in; 0 is the initial one
};

struct UserPid {  // struct upid
    std::int32_t number = 0;
    std::uint64_t name_space = 0;
};

class TaskList {
  public:
    TaskList(const KernelMemory& memory, const KernelLayout& layout) : memory_(memory), layout_(layout) {}

    Result<std::vector<std::uint64_t>> all(std::uint64_t init_task, std::uint64_t limit) const;
    Result<std::vector<std::uint64_t>> threads(std::uint64_t task, std::uint64_t limit) const;
    Result<std::optional<Identity>> identity(std::uint64_t task) const;  // nothing: it is being reaped
    Result<UserPid> pid_at(const Identity& identity, std::uint32_t level) const;
    Result<std::string> name(std::uint64_t task) const;
    Result<std::optional<GuestPhysical>> page_tables(std::uint64_t task, const std::string& name) const;

  private:
    template <class T>
    Result<T> read(std::uint64_t address, std::string_view what) const {
        if (const auto value = memory_.read<T>({address})) return *value;
        return malformed(std::string(what) + " at " + context::hex(address) + " is outside of kernel memory");
    }

    const KernelMemory& memory_;
    const KernelLayout& layout_;
};

Result<std::vector<std::uint64_t>> TaskList::all(std::uint64_t init_task, std::uint64_t limit) const {
    std::vector<std::uint64_t> tasks;
    for (auto task = init_task;;) {
        NAP_TRY(const auto next, read<std::uint64_t>(task + layout_.task_tasks, "a task's link"));
        task = next - layout_.task_tasks;
        if (task == init_task) return tasks;
        if (tasks.size() >= limit)
            return malformed("their list has more than " + std::to_string(limit) + " members or no end");
        tasks.push_back(task);
    }
}

Result<std::vector<std::uint64_t>> TaskList::threads(std::uint64_t task, std::uint64_t limit) const {
    NAP_TRY(const auto signal, read<std::uint64_t>(task + layout_.task_signal, "a task's signals"));
    const auto head = signal + layout_.signal_thread_head;
    std::vector<std::uint64_t> threads;
    for (auto at = head;;) {
        NAP_TRY(at, read<std::uint64_t>(at, "a thread's link"));
        if (at == head) return threads;
        if (threads.size() >= limit)
            return malformed("the threads of a process are more than " + std::to_string(limit) +
                             " or their list has no end");
        threads.push_back(at - layout_.task_thread_node);
    }
}

Result<std::optional<Identity>> TaskList::identity(std::uint64_t task) const {
    NAP_TRY(const auto address, read<std::uint64_t>(task + layout_.task_thread_pid, "a task's PID"));
    if (address == 0) return std::nullopt;
    NAP_TRY(const auto level, read<std::uint32_t>(address + layout_.pid_level, "a struct pid"));
    if (level > kDeepestNamespace)
        return malformed("the struct pid at " + context::hex(address) + " is of level " +
                         std::to_string(level));
    return Identity{address, level};
}

Result<UserPid> TaskList::pid_at(const Identity& identity, std::uint32_t level) const {
    const auto upid = identity.address + layout_.pid_numbers + level * layout_.upid_size;
    NAP_TRY(const auto number, read<std::int32_t>(upid + layout_.upid_nr, "a PID"));
    NAP_TRY(const auto name_space, read<std::uint64_t>(upid + layout_.upid_ns, "a PID's namespace"));
    if (number <= 0) return malformed("the PID at " + context::hex(upid) + " is " + std::to_string(number));
    return UserPid{number, name_space};
}

Result<std::string> TaskList::name(std::uint64_t task) const {
    std::string name;
    for (std::size_t i = 0; i < kNameSize; ++i) {
        NAP_TRY(const auto character, read<char>(task + layout_.task_comm + i, "a task's name"));
        if (character == 0) break;
        name += character >= 0x20 && character < 0x7f ? character : '?';
    }
    return name;
}

Result<std::optional<GuestPhysical>> TaskList::page_tables(std::uint64_t task,
                                                           const std::string& process) const {
    NAP_TRY(const auto mm, read<std::uint64_t>(task + layout_.task_mm, "a task's memory map"));
    if (mm != 0) {
        NAP_TRY(const auto pgd, read<std::uint64_t>(mm + layout_.mm_pgd, "a memory map"));
        return memory_.physical({pgd});
    }
    NAP_TRY(const auto signal, read<std::uint64_t>(task + layout_.task_signal, "a task's signals"));
    NAP_TRY(const auto threads, read<std::int32_t>(signal + layout_.signal_nr_threads, "a thread count"));
    if (threads > 1)
        return fail(ErrorKind::unsupported, "Reading the page map of " + process +
                                                " failed: its first thread has exited while others run.");
    return std::nullopt;
}

std::string describe(const Task& task) {
    return "process " + std::to_string(task.pid) + " (" + task.name + ")";
}

Result<> refuse_shared_memory_maps(const std::vector<Task>& tasks) {
    std::vector<const Task*> by_tables;
    for (const auto& task : tasks) by_tables.push_back(&task);
    std::ranges::sort(by_tables, {},
                      [](const Task* task) { return std::pair(task->page_tables, task->pid); });
    const auto twice =
        std::ranges::adjacent_find(by_tables, {}, [](const Task* task) { return task->page_tables; });
    if (twice == by_tables.end()) return {};
    return fail(ErrorKind::unsupported, "Reading the page map failed: " + describe(**twice) + " and " +
                                            describe(**(twice + 1)) + " share one memory map.");
}
}  // namespace

Result<std::vector<Member>> find_members(const KernelMemory& memory, const KernelLayout& layout,
                                         std::uint64_t init_task, std::int32_t init_host_pid,
                                         std::uint64_t limit) {
    const TaskList list(memory, layout);
    NAP_TRY(const auto all, list.all(init_task, limit));

    struct Candidate {
        std::uint64_t task;
        Identity identity;
        std::int32_t host_pid;
    };
    std::vector<Candidate> candidates;
    std::optional<Identity> init;
    for (const auto task : all) {
        NAP_TRY(const auto identity, list.identity(task));
        if (!identity) continue;
        NAP_TRY(const auto host, list.pid_at(*identity, 0));
        if (host.number == init_host_pid) init = identity;
        candidates.push_back({task, *identity, host.number});
    }
    if (!init)
        return fail(ErrorKind::not_found, "Reading the page map failed: there is no process " +
                                              std::to_string(init_host_pid) + " in the guest.");

    NAP_TRY(const auto userland, list.pid_at(*init, init->level));
    std::vector<Member> members;
    for (const auto& [address, identity, host_pid] : candidates) {
        if (identity.level < init->level) continue;
        NAP_TRY(const auto inside, list.pid_at(identity, init->level));
        if (inside.name_space == userland.name_space)
            members.push_back({address, inside.number, host_pid, init->level});
    }
    std::ranges::sort(members, {}, &Member::pid);
    return members;
}

Result<std::int32_t> innermost_pid(const KernelMemory& memory, const KernelLayout& layout,
                                   std::uint64_t task) {
    const TaskList list(memory, layout);
    NAP_TRY(const auto identity, list.identity(task));
    if (!identity) return malformed("the task at " + context::hex(task) + " has no PID");
    NAP_TRY(const auto pid, list.pid_at(*identity, identity->level));
    return pid.number;
}

Result<std::vector<Task>> find_tasks(const KernelMemory& memory, const KernelLayout& layout,
                                     std::uint64_t init_task, std::int32_t init_host_pid,
                                     std::uint64_t limit) {
    const TaskList list(memory, layout);
    NAP_TRY(const auto members, find_members(memory, layout, init_task, init_host_pid, limit));
    std::vector<Task> tasks;
    for (const auto& member : members) {
        Task task{member.pid, member.host_pid, {}, {}, member.task, member.level};
        NAP_TRY(task.name, list.name(member.task));
        NAP_TRY(const auto tables, list.page_tables(member.task, describe(task)));
        if (!tables) continue;
        task.page_tables = *tables;
        tasks.push_back(std::move(task));
    }
    const auto twice = std::ranges::adjacent_find(tasks, {}, &Task::pid);
    if (twice != tasks.end()) return malformed(describe(*twice) + " occurs twice");
    NAP_CHECK(refuse_shared_memory_maps(tasks));
    return tasks;
}

Result<std::vector<Thread>> find_threads(const KernelMemory& memory, const KernelLayout& layout,
                                         const Task& process, std::uint64_t limit) {
    const TaskList list(memory, layout);
    NAP_TRY(const auto addresses, list.threads(process.task, limit));
    std::vector<Thread> threads;
    for (const auto address : addresses) {
        NAP_TRY(const auto identity, list.identity(address));
        if (!identity) continue;
        if (identity->level < process.level)
            return malformed("a thread of " + describe(process) + " is in another PID namespace");
        NAP_TRY(const auto inside, list.pid_at(*identity, process.level));
        threads.push_back({inside.number, address});
    }
    return threads;
}

Result<std::uint64_t> find_task(const KernelMemory& memory, const KernelLayout& layout,
                                std::uint64_t init_task, std::int32_t host_pid, std::uint64_t limit) {
    const TaskList list(memory, layout);
    NAP_TRY(const auto all, list.all(init_task, limit));
    for (const auto task : all) {
        NAP_TRY(const auto identity, list.identity(task));
        if (!identity) continue;
        NAP_TRY(const auto host, list.pid_at(*identity, 0));
        if (host.number == host_pid) return task;
    }
    return fail(ErrorKind::not_found, "Reading the kernel's tasks failed: there is no process " +
                                          std::to_string(host_pid) + " in the guest.");
}

}  // namespace nap::walk
