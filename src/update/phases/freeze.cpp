// SPDX-License-Identifier: GPL-2.0-only
// Freeze: the pause begins. The link changes hands on the host, the userland stops.
#include "update/agent/agent_calls.hpp"
#include "update/attempt.hpp"
#include "update/phases/borrowed.hpp"
#include "walk/interrupted_calls.hpp"

namespace nap::update {

namespace {

// From here on packets for the machine go to the newer generation, which holds them until commit.
Result<> hand_over_network(Attempt& attempt) {
    if (!attempt.tap) return {};
    attempt.network = handed_network(attempt);
    // A detached queue can still send: what the older kernel has to say from here on waits, too.
    NAP_CHECK(attempt.machine.generation->hold_network());
    NAP_CHECK(attempt.tap->attach());
    return attempt.machine.tap->detach();
}

// Before CRIU, which makes threads forget what they waited for. Other tasks of the older kernel run, and may
// change the lists while they are read.
Result<> read_interrupted_calls(Attempt& attempt, std::int64_t monotonic_ns) {
    auto step = attempt.timeline.step("calls under way");
    const RunningMachine& machine = attempt.machine;
    constexpr int kTries = 5;
    for (int tries = 1;; ++tries) {
        auto calls = walk::interrupted_calls(attempt.older_memory->bytes(), machine.kernel.layout,
                                             attempt.older_anchors, machine.init_host_pid, monotonic_ns,
                                             walk::futex_flags_of(machine.kernel.version));
        if (calls) attempt.interrupted_calls = std::move(*calls);
        if (calls) return {};
        if (tries == kTries) return std::unexpected(calls.error());
    }
}

}  // namespace

Result<> freeze(Attempt& attempt) {
    auto& older = attempt.machine.generation->agent();
    attempt.tell(Phase::freeze, 0.72, "freezing the userland");
    auto step = attempt.timeline.step("freeze");
    attempt.frozen_at = std::chrono::steady_clock::now();
    attempt.tasks = frozen_tasks(attempt);
    const auto thaw_after = attempt.limits.pause + attempt.limits.thaw_grace;
    NAP_TRY(const auto frozen, older.call("freeze", {{"thaw_after_ms", thaw_after.count()}},
                                          attempt.within_pause(attempt.limits.freeze)));
    for (const auto& part : agent::steps_from(frozen))
        attempt.timeline.told("older: " + part.step, part.took);
    NAP_TRY(const agent::Frozen clocks, agent::frozen_from(frozen));
    attempt.realtime_ahead_ns = clocks.realtime_ahead_ns;
    attempt.time_offset_ns = clocks.time_offset_ns;
    attempt.time_of_day = attempt.userland_clock;
    attempt.time_of_day->guest_ns += clocks.realtime_ahead_ns;
    attempt.calls_at = std::chrono::steady_clock::now();
    NAP_CHECK(read_interrupted_calls(attempt,
                                     attempt.userland_clock->at(attempt.calls_at) - clocks.time_offset_ns));
    NAP_CHECK(hand_over_network(attempt));
    return attempt.point("freeze");
}

}  // namespace nap::update
