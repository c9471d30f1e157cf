// SPDX-License-Identifier: GPL-2.0-only
// Hello: which kernel this is.
#pragma once

#include "agent/calls/agent.hpp"
#include "channel/link.hpp"

namespace nap::agent {

Result<channel::Json> hello(Agent& agent, const channel::Json& params, channel::Call& call);

}  // namespace nap::agent
