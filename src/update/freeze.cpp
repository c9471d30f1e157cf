// SPDX-License-Identifier: GPL-2.0-only
// Freeze: the pause begins. The link changes hands on the host, the userland stops.
#include "update/agent_calls.hpp"
#include "update/attempt.hpp"

namespace nap::update {

namespace {

// From here on packets for the machine go to the newer generation, which holds them until commit.
Result<> hand_over_network(Attempt& attempt) {
    if (!attempt.tap) return {};
    NAP_CHECK(attempt.tap->attach());
    attempt.network = Guard(
        [&attempt]() -> Result<> {
            NAP_CHECK(attempt.machine.tap->attach());
            attempt.tap.reset();
            return {};
        },
        attempt.problem("giving the network back to the older kernel"));
    return attempt.machine.tap->detach();
}

}  // namespace

Result<> freeze(Attempt& attempt) {
    auto& older = attempt.machine.generation->agent();
    attempt.tell(Phase::freeze, 0.72, "freezing the userland");
    auto step = attempt.timeline.step("freeze");
    attempt.frozen_at = std::chrono::steady_clock::now();
    attempt.tasks = Guard(
        [&older, limit = attempt.limits.freeze] {
            return agent::done(older.call("thaw", channel::Json::object(), limit));
        },
        attempt.problem("thawing the userland"));
    NAP_CHECK(agent::done(older.call("freeze", channel::Json::object(), attempt.limits.freeze)));
    NAP_TRY(auto clocks, agent::clocks(older, attempt.limits.call));
    attempt.machine_time_ns = clocks.realtime_ns;
    attempt.machine_time_at = std::chrono::steady_clock::now();
    NAP_CHECK(hand_over_network(attempt));
    return attempt.testing.point("freeze");
}

}  // namespace nap::update
