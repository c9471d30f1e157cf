// SPDX-License-Identifier: GPL-2.0-only
// What the agent's answers mean. Pure; the agent is not trusted: nothing it says makes these throw.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "channel/json.hpp"
#include "update/update.hpp"
#include "walk/layout.hpp"

namespace nap::update::agent {

using channel::Json;

// A number of an agent's answer to `method`.
Result<std::uint64_t> number(const Json& answer, const char* key, std::string_view method,
                             std::uint64_t most = ~0ULL);
Result<std::int32_t> process_id(const Json& answer, const char* key, std::string_view method);

Result<walk::Anchors> anchors_from(const Json& answer);
// To `clock`: the guest's CLOCK_MONOTONIC, ns.
Result<std::int64_t> monotonic_from(const Json& answer);
// To `freeze`, ns: what CLOCK_REALTIME is ahead of that, and what that is ahead of the kernel's own.
struct Frozen {
    std::int64_t realtime_ahead_ns = 0, time_offset_ns = 0;
};
Result<Frozen> frozen_from(const Json& answer);

Result<std::vector<Obstacle>> obstacles_from(const Json& answer);

// What the newer kernel could not put back, a sentence each, of which the first 100 are told.
std::vector<std::string> warnings_from(const Json& answer);

// Steps of a call, as the agent has timed them: the first 100.
struct StepTime {
    std::string step;
    std::chrono::microseconds took;
};
std::vector<StepTime> steps_from(const Json& answer);

}  // namespace nap::update::agent
