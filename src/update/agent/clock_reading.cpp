// SPDX-License-Identifier: GPL-2.0-only
#include "update/agent/clock_reading.hpp"

#include "update/agent/agent_answers.hpp"

namespace nap::update::agent {

Result<ClockReading> shortest_reading(int readings, const std::function<Result<std::int64_t>()>& ask,
                                      const std::function<HostClock::time_point()>& now) {
    const auto begin = now();
    ClockReading shortest;
    bool read = false;
    for (int tries = 0; tries < readings && now() - begin < kReadingTime; ++tries) {
        const auto asked = now();
        const auto guest = ask();
        const auto within = std::chrono::nanoseconds(now() - asked);
        if (!guest && !read) return std::unexpected(guest.error());
        if (!guest) break;
        if (read && within >= shortest.within) continue;
        shortest = {asked + within / 2, *guest, within};
        read = true;
        if (within <= kShortRoundTrip) break;
    }
    return shortest;
}

Result<ClockReading> read_clock(channel::Link& agent, std::chrono::milliseconds limit, int readings) {
    return shortest_reading(readings, [&]() -> Result<std::int64_t> {
        NAP_TRY(const Json answer, agent.call("clock", Json::object(), limit));
        return monotonic_from(answer);
    });
}

}  // namespace nap::update::agent
