// SPDX-License-Identifier: GPL-2.0-only
// The agent's calls that carry values: checked, typed answers (docs/architecture.md, "The agent's calls").
#pragma once

#include <chrono>
#include <cstdint>

#include "base/error.hpp"
#include "channel/link.hpp"
#include "machine/config.hpp"
#include "walk/layout.hpp"

namespace nap::update::agent {

using Milliseconds = std::chrono::milliseconds;

Result<> network(channel::Link& agent, const machine::Config& config, Milliseconds limit);
Result<walk::Anchors> anchors(channel::Link& agent, Milliseconds limit);

struct Clocks {
    std::int64_t realtime_ns = 0, monotonic_ns = 0;
};
Result<Clocks> clocks(channel::Link& agent, Milliseconds limit);

// For calls whose answer carries nothing.
inline Result<> done(const Result<channel::Json>& reply) {
    if (!reply) return std::unexpected(reply.error());
    return {};
}

}  // namespace nap::update::agent
