// SPDX-License-Identifier: GPL-2.0-only
// Network: the machine's network namespace, which the agent makes before the userland is there.
#pragma once

#include "agent/calls/agent.hpp"
#include "channel/link.hpp"

namespace nap::agent {

// mac, cidr?, gateway?: the NIC with this MAC becomes eth0 of the namespace, up, with address and default
// route.
Result<channel::Json> network(Agent& agent, const channel::Json& params, channel::Call& call);

}  // namespace nap::agent
