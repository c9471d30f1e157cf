// SPDX-License-Identifier: GPL-2.0-only
#include "update/phases/borrowed.hpp"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "update/agent/agent_calls.hpp"
#include "update/phases/user_memory_hash.hpp"

namespace nap::update {

namespace {

namespace fs = std::filesystem;

// A call to the older generation's agent that undoes something. A dump that is under way holds back the
// answer until CRIU has ended.
Guard undone_by(Attempt& attempt, const char* method, channel::Json params, const char* what) {
    return Guard(
        [&attempt, method, params = std::move(params)] {
            return agent::done(attempt.machine.generation->agent().call(method, params, attempt.limits.dump));
        },
        attempt.problem(what));
}

constexpr std::chrono::milliseconds kClockLimit{2'000};
constexpr int kReadingsInPause = 20;

// The clocks of a kernel whose CPUs stand still do so, too. Nobody can help CLOCK_MONOTONIC; the time of day
// is what it is for everybody else.
Result<> set_time_of_day(Attempt& attempt) {
    if (!attempt.time_of_day) return {};
    const auto limit = std::min(kClockLimit, attempt.limits.call);
    auto& older = attempt.machine.generation->agent();
    NAP_TRY(const auto clock, agent::read_clock(older, limit, kReadingsInPause));
    const auto ahead = attempt.time_of_day->at(clock.host) - clock.guest_ns;
    return agent::done(older.call("clock", {{"realtime_ahead", ahead}}, limit));
}

}  // namespace

Result<> discard(const fs::path& path) {
    std::error_code failure;
    fs::remove_all(path, failure);
    if (failure) return fail(ErrorKind::io, "cannot remove " + path.string() + ": " + failure.message());
    return {};
}

Guard made_files(Attempt& attempt) {
    const auto& paths = attempt.machine.paths;
    return Guard(
        [files = std::vector<fs::path>{paths.kernel_memory(attempt.number), paths.generation(attempt.number),
                                       paths.images()}]() -> Result<> {
            Result<> outcome;
            for (const auto& file : files)
                if (auto done = discard(file); !done) outcome = done;
            return outcome;
        },
        attempt.problem("removing the update's files"));
}

Guard made_overlay(Attempt& attempt) {
    return Guard([overlay = attempt.machine.paths.overlay(attempt.number)] { return remove_file(overlay); },
                 attempt.problem("removing the newer generation's overlay"));
}

Guard quieted(Attempt& attempt) {
    return undone_by(attempt, "quiet", {{"on", false}}, "restoring the older kernel's memory settings");
}

Guard frozen_tasks(Attempt& attempt) {
    return undone_by(attempt, "thaw", channel::Json::object(), "thawing the userland");
}

Guard handed_network(Attempt& attempt) {
    return Guard(
        [&attempt]() -> Result<> {
            if (!attempt.machine.tap) return {};
            NAP_CHECK(attempt.machine.tap->attach());
            attempt.tap.reset();
            return attempt.machine.generation->release_network();
        },
        attempt.problem("giving the network back to the older kernel"));
}

Guard frozen_file_systems(Attempt& attempt) {
    return undone_by(attempt, "file_systems", {{"frozen", false}}, "thawing the file systems");
}

Guard stopped_cpus(Attempt& attempt) {
    return Guard(
        [&attempt]() -> Result<> {
            if (!attempt.user_memory_hash.empty()) {
                NAP_TRY(auto now, hash_user_memory(attempt.machine.paths.user_memory()));
                attempt.report.user_memory_unchanged = now == attempt.user_memory_hash;
            }
            NAP_CHECK(attempt.machine.generation->continue_cpus());
            return set_time_of_day(attempt);
        },
        attempt.problem("letting the older kernel go on"));
}

}  // namespace nap::update
