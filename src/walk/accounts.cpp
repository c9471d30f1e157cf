// SPDX-License-Identifier: GPL-2.0-only
#include "walk/accounts.hpp"

#include <string>
#include <string_view>

#include "context/hex.hpp"
#include "walk/kernel_memory.hpp"
#include "walk/tasks.hpp"

namespace nap::walk {

namespace {

constexpr std::uint64_t kNanoseconds = 1'000'000'000;

std::unexpected<Error> malformed(const std::string& why) {
    return fail(ErrorKind::protocol, "Reading the tasks' accounts failed: " + why + ".");
}

// The structure that each word of a thread or process lies in.
#define NAP_STRUCTURE(name, structure, path, beyond) #structure,
constexpr std::string_view kOfThread[] = {NAP_OF_THREAD(NAP_STRUCTURE)};
constexpr std::string_view kOfProcess[] = {NAP_OF_PROCESS(NAP_STRUCTURE)};
#undef NAP_STRUCTURE

class Reader {
  public:
    Reader(const KernelMemory& memory, const KernelLayout& layout, std::vector<std::uint64_t>& words)
        : memory_(memory), layout_(layout), paths_(layout.accounts.paths), words_(words) {}

    // By how much the userland's clocks differ from the kernel's.
    Result<> learn_clocks(std::uint64_t init) {
        NAP_TRY(const auto proxy, pointer(init, paths_.nsproxy));
        NAP_TRY(const auto name_space, pointer(proxy, paths_.time_ns));
        NAP_TRY(monotonic_, nanoseconds(name_space, paths_.monotonic));
        NAP_TRY(boottime_, nanoseconds(name_space, paths_.boottime));
        return {};
    }

    Result<> process(const Member& member, std::uint64_t& threads_left) {
        NAP_TRY(const auto signal, read(member.task + layout_.task_signal));
        NAP_TRY(const auto mm, read(member.task + layout_.task_mm));
        NAP_TRY(const auto autogroup, pointer(signal, paths_.autogroup));
        NAP_TRY(const auto sighand, pointer(member.task, paths_.sighand));
        words_.push_back(static_cast<std::uint64_t>(member.pid));
        const auto count_at = words_.size();
        words_.push_back(0);
        for (std::size_t i = 0; i < NAP_PROCESS_WORDS; ++i)
            NAP_CHECK(word(kOfProcess[i] == "mm_struct"        ? mm
                           : kOfProcess[i] == "autogroup"      ? autogroup
                           : kOfProcess[i] == "sighand_struct" ? sighand
                                                               : signal,
                           layout_.accounts.process[i]));
        NAP_TRY(words_[count_at], threads(member, signal, threads_left));
        return {};
    }

  private:
    Result<std::uint64_t> read(std::uint64_t address) const {
        if (const auto value = memory_.read<std::uint64_t>({address})) return *value;
        return malformed("the word at " + context::hex(address) + " is outside of kernel memory");
    }

    Result<std::uint64_t> pointer(std::uint64_t from, const Place& place) const {
        if (from == 0 || !place) return std::uint64_t{0};
        return read(from + *place);
    }

    // A struct timespec64.
    Result<std::uint64_t> nanoseconds(std::uint64_t name_space, const Place& place) const {
        if (name_space == 0 || !place) return std::uint64_t{0};
        NAP_TRY(const auto seconds, read(name_space + *place));
        NAP_TRY(const auto rest, read(name_space + *place + sizeof seconds));
        return seconds * kNanoseconds + rest;
    }

    // 0 where the task has no such structure.
    Result<> word(std::uint64_t structure, const Place& place) {
        std::uint64_t value = place ? 0 : NAP_UNKNOWN;
        if (structure != 0 && place) {
            NAP_TRY(value, read(structure + *place));
        }
        words_.push_back(value);
        return {};
    }

    Result<> thread(std::uint64_t task) {
        NAP_TRY(const auto tid, innermost_pid(memory_, layout_, task));
        NAP_TRY(const auto io_context, pointer(task, paths_.io_context));
        NAP_TRY(const auto policy, pointer(task, paths_.mempolicy));
        words_.push_back(static_cast<std::uint64_t>(tid));
        const auto first = words_.size();
        for (std::size_t i = 0; i < NAP_THREAD_WORDS; ++i)
            NAP_CHECK(word(kOfThread[i] == "io_context"  ? io_context
                           : kOfThread[i] == "mempolicy" ? policy
                                                         : task,
                           layout_.accounts.thread[i]));
        if (layout_.accounts.thread[NAP_START]) words_[first + NAP_START] += monotonic_;
        if (layout_.accounts.thread[NAP_START_SINCE_BOOT]) words_[first + NAP_START_SINCE_BOOT] += boottime_;
        return {};
    }

    Result<std::uint64_t> threads(const Member& member, std::uint64_t signal, std::uint64_t& left) {
        if (!paths_.thread_head || !paths_.thread_node)
            return malformed("this kernel's list of threads is unknown");
        std::uint64_t count = 0;
        const auto head = signal + *paths_.thread_head;
        for (auto node = head;;) {
            NAP_TRY(node, read(node));
            if (node == head) break;
            if (left-- == 0)
                return malformed("the threads of process " + std::to_string(member.pid) +
                                 " are too many, or their list has no end");
            NAP_CHECK(thread(node - *paths_.thread_node));
            ++count;
        }
        if (count == 0) return malformed("process " + std::to_string(member.pid) + " has no thread");
        return count;
    }

    const KernelMemory& memory_;
    const KernelLayout& layout_;
    const AccountPaths& paths_;
    std::vector<std::uint64_t>& words_;
    std::uint64_t monotonic_ = 0, boottime_ = 0;
};

}  // namespace

Result<std::vector<std::uint64_t>> read_accounts(std::span<const std::byte> kernel_memory,
                                                 const KernelLayout& layout, const Anchors& anchors,
                                                 std::int32_t init_host_pid, const AccountLimits& limits) {
    NAP_TRY(const auto memory, KernelMemory::attach(kernel_memory, anchors));
    NAP_TRY(const auto members,
            find_members(memory, layout, anchors.init_task, init_host_pid, limits.processes));
    std::vector<std::uint64_t> words;
    Reader reader(memory, layout, words);
    for (const auto& member : members)
        if (member.host_pid == init_host_pid) NAP_CHECK(reader.learn_clocks(member.task));
    auto threads_left = limits.threads;
    for (const auto& member : members) NAP_CHECK(reader.process(member, threads_left));
    return words;
}

}  // namespace nap::walk
