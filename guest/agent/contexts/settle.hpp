// SPDX-License-Identifier: GPL-2.0-only
// Settle: after commit, the adoption module lets go and changed settings return.
#pragma once

#include "agent/calls/agent.hpp"
#include "channel/link.hpp"

namespace nap::agent {

// Replies as struct nap_settle.
Result<channel::Json> settle(Agent& agent, const channel::Json& params, channel::Call& call);

}  // namespace nap::agent
