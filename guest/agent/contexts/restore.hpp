// SPDX-License-Identifier: GPL-2.0-only
// Restore: CRIU recreates the userland's processes, the adoption module gives them their memory.
#pragma once

#include "agent/calls/agent.hpp"
#include "channel/link.hpp"

namespace nap::agent {

// See docs/architecture.md for the parts. Once the plan was handed to the module nobody kills a task: on
// failure all stays as it is, and the host ends this kernel.
Result<channel::Json> restore(Agent& agent, const channel::Json& params, channel::Call& call);

}  // namespace nap::agent
