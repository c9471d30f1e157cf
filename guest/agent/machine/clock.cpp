// SPDX-License-Identifier: GPL-2.0-only
#include "agent/machine/clock.hpp"

#include <sys/timex.h>

#include <ctime>
#include <limits>
#include <string>

#include "agent/calls/params.hpp"
#include "agent/machine/clock_discipline.hpp"
#include "agent/userland/time_offset.hpp"

namespace nap::agent {

using channel::Call;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;  // ns
constexpr int kTries = 50;
constexpr std::int64_t kTogether = 20'000;         // ns: two clocks read at one instant
constexpr std::int64_t kWorthSetting = 1'000'000;  // ns: setting the clock ends timers that watch for that

std::int64_t now(clockid_t which) {
    timespec time{};
    ::clock_gettime(which, &time);
    return time.tv_sec * kSecond + time.tv_nsec;
}

}  // namespace

std::int64_t monotonic_now() {
    return now(CLOCK_MONOTONIC);
}

std::int64_t realtime_ahead() {
    std::int64_t ahead = 0, shortest = std::numeric_limits<std::int64_t>::max();
    for (int tries = 0; tries < kTries && shortest > kTogether; ++tries) {
        const auto before = now(CLOCK_MONOTONIC), realtime = now(CLOCK_REALTIME),
                   after = now(CLOCK_MONOTONIC);
        if (after - before >= shortest) continue;
        shortest = after - before;
        ahead = realtime - before - shortest / 2;
    }
    return ahead;
}

Result<> set_realtime_ahead(std::int64_t ns) {
    const auto by = ns - realtime_ahead();
    if (by > -kWorthSetting && by < kWorthSetting) return {};
    // Which setting the time clears: a clock kept in step would seem to be so no more
    NAP_TRY(const Json discipline, read_discipline());
    timex change{};  // adds, in one step
    change.modes = ADJ_SETOFFSET | ADJ_NANO;
    change.time.tv_sec = by / kSecond - (by % kSecond < 0 ? 1 : 0);
    change.time.tv_usec = by - change.time.tv_sec * kSecond;
    if (::adjtimex(&change) < 0) return fail_errno("cannot set the clock");
    return set_discipline(discipline);
}

Result<std::int64_t> ahead(const Json& params, const char* name) {
    const auto found = params.find(name);
    if (found != params.end() && found->is_number_integer()) return found->get<std::int64_t>();
    return fail(ErrorKind::usage, std::string("the parameter \"") + name + "\" must be a whole number");
}

Result<Json> clock(Agent&, const Json& params, Call&) {
    const auto begun = monotonic_now();
    NAP_TRY(const std::int64_t offset, userland_time_offset());
    if (params.contains("realtime_ahead")) {
        NAP_TRY(const std::int64_t realtime, ahead(params, "realtime_ahead"));
        NAP_CHECK(set_realtime_ahead(realtime + offset));
    }
    return Json{{"monotonic", begun + (monotonic_now() - begun) / 2 + offset}};
}

}  // namespace nap::agent
