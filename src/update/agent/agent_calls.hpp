// SPDX-License-Identifier: GPL-2.0-only
// The agent's calls that carry values: checked, typed answers (docs/architecture.md, "The agent's calls").
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/error.hpp"
#include "channel/link.hpp"
#include "machine/definition/config.hpp"
#include "update/agent/agent_answers.hpp"

namespace nap::update::agent {

using Milliseconds = std::chrono::milliseconds;

Result<> network(channel::Link& agent, const machine::Config& config, Milliseconds limit);
Result<walk::Anchors> anchors(channel::Link& agent, Milliseconds limit);

// The host PID of the userland's init; 0 where no userland runs.
Result<std::int32_t> userland_init(channel::Link& agent, Milliseconds limit);

// Until the agent tells that it has come to `state` (an event); its reply before that is an error. The limit
// is for all of it, however much it says.
Result<> wait_for_state(channel::Call& call, std::string_view state, Milliseconds limit);

// For calls whose answer carries nothing.
inline Result<> done(const Result<Json>& reply) {
    if (!reply) return std::unexpected(reply.error());
    return {};
}

}  // namespace nap::update::agent
