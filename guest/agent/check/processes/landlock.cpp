// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/processes/landlock.hpp"

#include <string>

#include "agent/calls/log.hpp"
#include "agent/kernel_memory/kernel_tasks.hpp"

namespace nap::agent {

namespace {

// Landlock's part of the credentials begins with its domain: the layers of rules, or null.
Result<std::uint64_t> domain_of(const RunningKernel& kernel, const KernelTask& thread, std::uint32_t blob) {
    NAP_TRY(const std::uint64_t credentials, thread.field("cred"));
    NAP_TRY(const auto security, kernel.field(credentials, "cred", "security"));
    if (security == 0) return 0;
    return kernel.value<std::uint64_t>(security + blob);
}

Result<bool> is_restricted(const RunningKernel& kernel, const KernelTask& process, std::uint32_t blob) {
    NAP_TRY(const auto threads, process.threads());
    for (const KernelTask& thread : threads) {
        NAP_TRY(const std::uint64_t domain, domain_of(kernel, thread, blob));
        if (domain != 0) return true;
    }
    return false;
}

}  // namespace

void find_landlock(const RunningKernel& kernel, const std::vector<Task>& tasks, Obstacles& obstacles) {
    const auto sizes = kernel.symbol("landlock_blob_sizes");
    if (!sizes) return;  // a kernel without Landlock
    const auto blob = kernel.field<std::uint32_t>(*sizes, "lsm_blob_sizes", "lbs_cred");
    const auto running = read_kernel_tasks(kernel);
    if (!blob || !running) {
        log("cannot look for Landlock rules: " + (blob ? running.error().message : blob.error().message));
        return;
    }
    for (const Task& task : tasks) {
        const auto process = running->find(task.host_pid);
        if (task.state == 'Z' || process == running->end()) continue;
        // What cannot be read has ended.
        if (is_restricted(kernel, process->second, *blob).value_or(false))
            add(obstacles, task,
                {"Landlock rules in force",
                 "The kernel does not give them out, and cannot be given them again.",
                 "Let the program run without Landlock."});
    }
}

}  // namespace nap::agent
