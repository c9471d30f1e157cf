// SPDX-License-Identifier: GPL-2.0-only
// Clock: the kernel's clocks, in ns. CLOCK_REALTIME is told, and set, as what it is ahead of CLOCK_MONOTONIC:
// however late that is heard, it is still true.
#pragma once

#include <cstdint>

#include "agent/calls/agent.hpp"
#include "channel/link.hpp"

namespace nap::agent {

std::int64_t monotonic_now();

std::int64_t realtime_ahead();  // read as one, whatever else the processor does meanwhile
Result<> set_realtime_ahead(std::int64_t ns);

// A parameter that tells it.
Result<std::int64_t> ahead(const channel::Json& params, const char* name);

// realtime_ahead?: of the userland's CLOCK_MONOTONIC; set. Replies monotonic: the userland's, this kernel's
// where there is none, in the middle of the call.
Result<channel::Json> clock(Agent& agent, const channel::Json& params, channel::Call& call);

}  // namespace nap::agent
