// SPDX-License-Identifier: GPL-2.0-only
// Quiet: the kernel's own movers of user pages, off for the time of an update.
#pragma once

#include "agent/calls/agent.hpp"
#include "channel/link.hpp"

namespace nap::agent {

// on: khugepaged, ksmd and proactive compaction stop, CRIU is made ready to dump; off: as they were.
Result<channel::Json> quiet(Agent& agent, const channel::Json& params, channel::Call& call);

}  // namespace nap::agent
