// SPDX-License-Identifier: GPL-2.0-only
// User namespaces of processes' own, as systemd's PrivateUsers= makes them: their maps, whether groups may be
// set, their owner, and who is in them. CRIU recreates the processes in the machine's, with the ids and
// capabilities they have as it sees them; the module puts their threads back.
#pragma once

#include <vector>

#include "agent/carried/part.hpp"

namespace nap::agent {

// By which CRIU is told whose ids to read from outside, at dump.
Result<std::vector<std::uint32_t>> user_namespace_inodes(const Task& init);

Result<channel::Json> capture_user_namespaces(Agent& agent, const Task& init);
Result<> put_back_user_namespaces(Agent& agent, const channel::Json& captured, const HostPids& pids,
                                  Warnings& warnings);

}  // namespace nap::agent
