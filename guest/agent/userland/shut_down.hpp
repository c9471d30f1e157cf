// SPDX-License-Identifier: GPL-2.0-only
// Shut down: the orderly end of the userland and of its root file system, before the generation is ended.
#pragma once

#include "agent/calls/agent.hpp"
#include "channel/link.hpp"

namespace nap::agent {

Result<channel::Json> shut_down(Agent& agent, const channel::Json& params, channel::Call& call);

}  // namespace nap::agent
