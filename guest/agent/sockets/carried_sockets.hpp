// SPDX-License-Identifier: GPL-2.0-only
// Carried sockets: what CRIU leaves of sockets, since no system call tells it, or only once: datagrams,
// packets and messages not read yet, errors not told yet, and options that can be set but not asked for.
#pragma once

#include "agent/calls/agent.hpp"
#include "agent/carried/part.hpp"
#include "agent/contexts/adoption.hpp"
#include "channel/json.hpp"

namespace nap::agent {

Result<channel::Json> capture_sockets(Agent& agent, const Task& init);
Result<> put_back_sockets(Agent& agent, const channel::Json& captured, const HostPids& pids,
                          Warnings& warnings);

}  // namespace nap::agent
