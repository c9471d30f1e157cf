// SPDX-License-Identifier: GPL-2.0-only
// Measure: what copying the userland's memory would cost, for the report of what adoption saves.
#pragma once

#include "agent/calls/agent.hpp"
#include "channel/link.hpp"

namespace nap::agent {

// bytes: at most so many are copied from the userland's private memory. Replies pages (4 KiB) and ns.
Result<channel::Json> measure_copy(Agent& agent, const channel::Json& params, channel::Call& call);

}  // namespace nap::agent
