// SPDX-License-Identifier: GPL-2.0-only
// System V IPC objects: what CRIU leaves out of them. Shared memory that is locked, or goes with the last
// process that has it; who used an object last and when, who made it; where ids go on.
#pragma once

#include <vector>

#include "agent/carried/part.hpp"
#include "guest/module/nap_uapi.h"

namespace nap::agent {

Result<channel::Json> capture_sysv_objects(Agent& agent, const Task& init);
Result<> put_back_sysv_objects(Agent& agent, const channel::Json& captured, const HostPids& pids,
                               Warnings& warnings);

// Those of the IPC namespace in which a process is; it lies at that address of the kernel's memory.
Result<channel::Json> capture_sysv_objects_of(std::uint64_t ipc_namespace, pid_t host_pid);
Result<> put_back_sysv_objects_of(const channel::Json& captured, pid_t host_pid, Warnings& warnings);

// The module's requests, but for what is `seen`; semaphores before their set.
Result<std::vector<nap_ipc_object>> ipc_objects_of(const channel::Json& captured);

}  // namespace nap::agent
