// SPDX-License-Identifier: GPL-2.0-only
// Freeze: the userland's cgroup freezer.
#pragma once

#include <chrono>

#include "agent/calls/agent.hpp"
#include "channel/link.hpp"

namespace nap::agent {

Result<> set_frozen(bool frozen);  // asks for it
Result<> wait_until_frozen(std::chrono::milliseconds limit);
Result<bool> frozen();  // as asked for

Result<channel::Json> freeze(Agent& agent, const channel::Json& params, channel::Call& call);
Result<channel::Json> thaw(Agent& agent, const channel::Json& params, channel::Call& call);

}  // namespace nap::agent
