// SPDX-License-Identifier: GPL-2.0-only
// IPC namespace: the userland's, or one of a process, in the kernel's memory.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>

#include "agent/kernel_memory/running_kernel.hpp"

namespace nap::agent {

Result<std::uint64_t> find_ipc_namespace(const RunningKernel& kernel, pid_t host_pid);

// From where the next id of a kind of System V objects is made.
struct IpcCounter {
    std::int64_t sequence = 0, index = 0;
};
using IpcCounters = std::array<IpcCounter, 3>;  // semaphores, queues, shared memory
Result<IpcCounters> read_ipc_counters(const RunningKernel& kernel, std::uint64_t ipc_namespace);

// How many objects it holds.
struct IpcHeld {
    std::uint64_t sets = 0, queues = 0, segments = 0;  // System V
};
Result<IpcHeld> read_ipc_held(const RunningKernel& kernel, std::uint64_t ipc_namespace);

}  // namespace nap::agent
