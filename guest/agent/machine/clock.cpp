// SPDX-License-Identifier: GPL-2.0-only
#include "agent/machine/clock.hpp"

#include <ctime>

#include "agent/calls/params.hpp"

namespace nap::agent {

using channel::Call;

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;  // ns

std::uint64_t now(clockid_t which) {
    timespec time{};
    ::clock_gettime(which, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * kSecond + static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace

Result<> set_realtime(std::uint64_t ns) {
    const timespec time{static_cast<time_t>(ns / kSecond), static_cast<long>(ns % kSecond)};
    if (::clock_settime(CLOCK_REALTIME, &time) != 0) return fail_errno("cannot set the clock");
    return {};
}

Result<Json> clock(Agent&, const Json& params, Call&) {
    NAP_TRY(const std::uint64_t realtime, number_or(params, "realtime", 0));
    if (realtime != 0) NAP_CHECK(set_realtime(realtime));
    return Json{{"realtime", now(CLOCK_REALTIME)}, {"monotonic", now(CLOCK_MONOTONIC)}};
}

}  // namespace nap::agent
