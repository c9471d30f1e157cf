// SPDX-License-Identifier: GPL-2.0-only
// Proxy: one call of the cli passed on to the agent, data and events both ways, until the agent replies.
#pragma once

#include <string>

#include "channel/link.hpp"

namespace nap::supervisor {

// If the cli goes away the agent's call is abandoned, which ends what it started.
Result<channel::Json> pass_on(channel::Call& client, channel::Link& agent, const std::string& method,
                              const channel::Json& params);

}  // namespace nap::supervisor
