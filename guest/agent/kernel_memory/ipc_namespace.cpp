// SPDX-License-Identifier: GPL-2.0-only
#include "agent/kernel_memory/ipc_namespace.hpp"

#include "agent/kernel_memory/kernel_tasks.hpp"

namespace nap::agent {

Result<std::uint64_t> find_ipc_namespace(const RunningKernel& kernel, pid_t host_pid) {
    NAP_TRY(const KernelTask task, find_kernel_task(kernel, host_pid));
    NAP_TRY(const std::uint64_t namespaces, task.field("nsproxy"));
    return kernel.field(namespaces, "nsproxy", "ipc_ns");
}

Result<IpcCounters> read_ipc_counters(const RunningKernel& kernel, std::uint64_t ipc_namespace) {
    NAP_TRY(const std::uint64_t first, kernel.fields().offset("ipc_namespace", "ids"));
    NAP_TRY(const std::uint64_t size, kernel.fields().size("ipc_ids"));
    IpcCounters counters;
    for (std::size_t i = 0; i < counters.size(); ++i) {
        const std::uint64_t ids = ipc_namespace + first + i * size;
        NAP_TRY(counters[i].sequence, kernel.field<std::uint16_t>(ids, "ipc_ids", "seq"));
        NAP_TRY(counters[i].index, kernel.field<std::int32_t>(ids, "ipc_ids", "last_idx"));
    }
    return counters;
}

Result<IpcHeld> read_ipc_held(const RunningKernel& kernel, std::uint64_t ipc_namespace) {
    NAP_TRY(const std::uint64_t first, kernel.fields().offset("ipc_namespace", "ids"));
    NAP_TRY(const std::uint64_t size, kernel.fields().size("ipc_ids"));
    IpcHeld held;
    std::uint64_t at = ipc_namespace + first;
    for (std::uint64_t* kind : {&held.sets, &held.queues, &held.segments}) {
        NAP_TRY(*kind, kernel.field<std::uint32_t>(at, "ipc_ids", "in_use"));
        at += size;
    }
    return held;
}

}  // namespace nap::agent
