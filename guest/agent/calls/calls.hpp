// SPDX-License-Identifier: GPL-2.0-only
// Calls: the table of what the host may ask for (docs/architecture.md, "The agent's calls").
#pragma once

#include <string>

#include "agent/calls/agent.hpp"
#include "channel/link.hpp"

namespace nap::agent {

// Never throws: what escapes from a call becomes an error reply of kind internal.
Result<channel::Json> answer(Agent& agent, const std::string& method, const channel::Json& params,
                             channel::Call& call);

}  // namespace nap::agent
