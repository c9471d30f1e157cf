// SPDX-License-Identifier: GPL-2.0-only
// A machine's clocks, held against the host's from outside.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

#include "e2e/machine.hpp"

namespace nap::e2e {

// What the machine's clocks are ahead of the host's CLOCK_MONOTONIC, ns, by the shortest of some round trips;
// each is wrong by at most half of that.
struct ClockAhead {
    std::int64_t monotonic = 0, boottime = 0, realtime = 0;
    std::chrono::nanoseconds within{0};
};

// The guest states are installed.
ClockAhead watch_clocks(const Machine& machine);

}  // namespace nap::e2e
