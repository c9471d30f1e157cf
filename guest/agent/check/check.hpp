// SPDX-License-Identifier: GPL-2.0-only
// Check: what CRIU cannot carry over, found before anything is frozen.
#pragma once

#include "agent/calls/agent.hpp"
#include "channel/link.hpp"

namespace nap::agent {

// Events {checked, of}: processes. obstacles [{pid, name, what, why, advice}]. An obstacle that is not one is
// a bug: it would forbid an update.
Result<channel::Json> check(Agent& agent, const channel::Json& params, channel::Call& call);

}  // namespace nap::agent
