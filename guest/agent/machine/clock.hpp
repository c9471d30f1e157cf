// SPDX-License-Identifier: GPL-2.0-only
// Clock: the kernel's clocks, in ns.
#pragma once

#include <cstdint>

#include "agent/calls/agent.hpp"
#include "channel/link.hpp"

namespace nap::agent {

// Since 1970.
Result<> set_realtime(std::uint64_t ns);

// realtime?: sets CLOCK_REALTIME; then reads both.
Result<channel::Json> clock(Agent& agent, const channel::Json& params, channel::Call& call);

}  // namespace nap::agent
