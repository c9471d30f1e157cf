// SPDX-License-Identifier: GPL-2.0-only
// Touch: the newer kernel reads the pages that the processes have, while these still run in the older one.
#pragma once

#include "agent/calls/agent.hpp"
#include "channel/link.hpp"

namespace nap::agent {

// Data part 0 in: ranges of page frames of U, two u64 each (first, frames). Replies {"pages"}: how many were
// read.
Result<channel::Json> touch(Agent& agent, const channel::Json& params, channel::Call& call);

}  // namespace nap::agent
