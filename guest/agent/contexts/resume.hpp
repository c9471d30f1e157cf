// SPDX-License-Identifier: GPL-2.0-only
// Resume: after commit the userland goes on.
#pragma once

#include "agent/calls/agent.hpp"
#include "channel/link.hpp"

namespace nap::agent {

// realtime (ns): sets the clock, then thaws.
Result<channel::Json> resume(Agent& agent, const channel::Json& params, channel::Call& call);

}  // namespace nap::agent
