// SPDX-License-Identifier: GPL-2.0-only
// Userland: everything the machine runs, from its init down, in namespaces and a cgroup of its own.
#pragma once

#include "agent/calls/agent.hpp"
#include "channel/link.hpp"

namespace nap::agent {

// init (path within the root file system), hostname. Needs `network` and `mount` before. Replies host_pid.
Result<channel::Json> start_userland(Agent& agent, const channel::Json& params, channel::Call& call);

// running, host_pid (of init; 0: none).
Result<channel::Json> userland(Agent& agent, const channel::Json& params, channel::Call& call);

}  // namespace nap::agent
