// SPDX-License-Identifier: GPL-2.0-only
// A guest's clock and the host's, read as one. An answer may be late by seconds on a busy host, and nobody
// knows which way it was late: of several round trips the shortest tells best.
//
// Both clocks go at the same rate. What the guest's shows at any other time follows, however long the steps
// of an update take.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "base/error.hpp"
#include "channel/link.hpp"

namespace nap::update::agent {

using HostClock = std::chrono::steady_clock;

struct ClockReading {
    HostClock::time_point host;
    std::int64_t guest_ns = 0;           // CLOCK_MONOTONIC of the userland, or of a kernel without one
    std::chrono::nanoseconds within{0};  // the round trip; the error is at most half of it

    [[nodiscard]] std::int64_t at(HostClock::time_point time) const {
        return guest_ns + std::chrono::nanoseconds(time - host).count();
    }
};

inline constexpr int kReadings = 200;
inline constexpr std::chrono::milliseconds kReadingTime{1000};
inline constexpr std::chrono::microseconds kShortRoundTrip{500};

// Asks until a round trip was short, so many times or for kReadingTime. An error only where no answer came at
// all.
Result<ClockReading> read_clock(channel::Link& agent, std::chrono::milliseconds limit,
                                int readings = kReadings);

// The same of anything that can be asked. `now` is the host's clock.
Result<ClockReading> shortest_reading(int readings, const std::function<Result<std::int64_t>()>& ask,
                                      const std::function<HostClock::time_point()>& now = HostClock::now);

}  // namespace nap::update::agent
