// SPDX-License-Identifier: GPL-2.0-only
// Prepare: makes a newer kernel ready to take over, while the older one runs.
#pragma once

#include "agent/calls/agent.hpp"
#include "channel/link.hpp"

namespace nap::agent {

// first_frame, frames: U. Loads the adoption module, onlines U's blocks (the module withholds every page),
// turns huge pages off until settle, warms CRIU. Replies withheld (page frames).
Result<channel::Json> prepare(Agent& agent, const channel::Json& params, channel::Call& call);

}  // namespace nap::agent
