// SPDX-License-Identifier: GPL-2.0-only
// Dump: CRIU writes down the essential contexts of the frozen userland; page contents stay where they are.
#pragma once

#include "agent/calls/agent.hpp"
#include "channel/link.hpp"

namespace nap::agent {

// limit_ms: of CRIU's work. Data part 0: the images as a tree. The tasks stay frozen, whatever happens.
Result<channel::Json> dump(Agent& agent, const channel::Json& params, channel::Call& call);

}  // namespace nap::agent
