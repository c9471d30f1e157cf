// SPDX-License-Identifier: GPL-2.0-only
// Any JSON as an answer of the agent: what is taken from it is within its range.
#include <cstdlib>
#include <limits>
#include <span>

#include "update/agent/agent_answers.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace nap::update::agent;
    auto json = nap::channel::parse_json(std::as_bytes(std::span(data, size)));
    if (!json) return 0;
    (void)nap::channel::reply_from_json(*json);
    (void)anchors_from(*json);
    if (auto monotonic = monotonic_from(*json); monotonic && *monotonic < 0) std::abort();
    constexpr auto kLatest = std::numeric_limits<std::int64_t>::max() / 4;
    if (auto frozen = frozen_from(*json);
        frozen && (frozen->time_offset_ns > kLatest || frozen->realtime_ahead_ns < -kLatest))
        std::abort();
    if (auto pid = process_id(*json, "host_pid", "restore"); pid && *pid <= 0) std::abort();
    if (auto obstacles = obstacles_from(*json))
        for (const auto& obstacle : *obstacles)
            if (obstacle.pid < 0 || obstacle.name.find('\x1b') != std::string::npos) std::abort();
    return 0;
}
