// SPDX-License-Identifier: GPL-2.0-only
// IPC namespaces of processes' own: CRIU makes them, with their limits and System V objects, and puts the
// processes there. Here: what these objects remember, and where ids go on.
#pragma once

#include "agent/carried/part.hpp"

namespace nap::agent {

// What takes a while, before the userland is frozen.
Result<> prepare_ipc_namespaces();

Result<channel::Json> capture_ipc_namespaces(Agent& agent, const Task& init);
Result<> put_back_ipc_namespaces(Agent& agent, const channel::Json& captured, const HostPids& pids,
                                 Warnings& warnings);

}  // namespace nap::agent
