// SPDX-License-Identifier: GPL-2.0-only
#include "agent/kernel_memory/kernel_tasks.hpp"

#include <mutex>

namespace nap::agent {

namespace {
constexpr int kTasksLimit =
    4 << 20;  // as many as a kernel can have: a list that goes on has changed under us
}

Result<KernelTask> KernelTask::read(const RunningKernel& kernel, std::uint64_t address) {
    NAP_TRY(StructCopy copy, StructCopy::read(kernel, "task_struct", address));
    return KernelTask(address, std::move(copy));
}

Result<std::vector<KernelTask>> KernelTask::threads() const {
    std::vector<KernelTask> all = {*this};
    NAP_TRY(const std::uint64_t signal, field("signal"));
    const RunningKernel& kernel = copy_.kernel();
    NAP_TRY(const std::uint64_t head, kernel.fields().offset("signal_struct", "thread_head"));
    NAP_TRY(const std::uint64_t node, kernel.fields().offset("task_struct", "thread_node"));
    NAP_TRY(std::uint64_t at, kernel.value<std::uint64_t>(signal + head));
    for (int i = 0; i < kTasksLimit && at != signal + head; ++i) {
        if (at - node == address_) {
            NAP_TRY(at, field("thread_node"));
            continue;
        }
        NAP_TRY(KernelTask thread, read(kernel, at - node));
        NAP_TRY(at, thread.field("thread_node"));
        all.push_back(std::move(thread));
    }
    return all;
}

Result<std::map<pid_t, KernelTask>> read_kernel_tasks(const RunningKernel& kernel) {
    NAP_TRY(const std::uint64_t first, kernel.symbol("init_task"));
    NAP_TRY(const std::uint64_t node, kernel.fields().offset("task_struct", "tasks"));
    NAP_TRY(std::uint64_t at, kernel.value<std::uint64_t>(first + node));
    std::map<pid_t, KernelTask> tasks;
    for (int i = 0; i < kTasksLimit && at != first + node; ++i) {
        NAP_TRY(KernelTask task, KernelTask::read(kernel, at - node));
        NAP_TRY(const auto pid, task.field<std::int32_t>("pid"));
        NAP_TRY(at, task.field("tasks"));
        tasks.emplace(pid, std::move(task));
    }
    return tasks;
}

Result<KernelTask> find_kernel_task(const RunningKernel& kernel, pid_t host_pid) {
    static std::mutex finding;
    static std::map<pid_t, std::uint64_t> addresses;
    const std::lock_guard lock(finding);
    if (const auto known = addresses.find(host_pid); known != addresses.end())
        if (auto task = KernelTask::read(kernel, known->second))
            if (task->field<std::int32_t>("pid").value_or(0) == host_pid) return task;
    addresses.erase(host_pid);
    NAP_TRY(const auto tasks, read_kernel_tasks(kernel));
    const auto found = tasks.find(host_pid);
    if (found == tasks.end())
        return fail(ErrorKind::not_found, "the kernel has no process " + std::to_string(host_pid));
    addresses[host_pid] = found->second.address();
    return found->second;
}

Result<std::int32_t> number_inside(const RunningKernel& kernel, std::uint64_t pid) {
    NAP_TRY(const auto level, kernel.field<std::uint32_t>(pid, "pid", "level"));
    if (level == 0) return 0;
    NAP_TRY(const auto numbers, kernel.fields().offset("pid", "numbers"));
    NAP_TRY(const auto size, kernel.fields().size("upid"));
    return kernel.field<std::int32_t>(pid + numbers + size, "upid", "nr");
}

}  // namespace nap::agent
