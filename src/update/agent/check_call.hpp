// SPDX-License-Identifier: GPL-2.0-only
// The agent's check of what runs. It takes as long as there is much to look at, and tells how far it is.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/error.hpp"
#include "channel/link.hpp"
#include "update/agent/obstacle.hpp"

namespace nap::update::agent {

// How many processes of how many have been looked at.
using Looked = std::function<void(std::uint64_t checked, std::uint64_t of)>;

inline constexpr std::chrono::milliseconds kCheckOfOne{500};  // what is granted to each process
inline constexpr std::chrono::minutes kLongestCheck{15};      // however many it says it has

// `limit`: for the answer, beside what the processes are granted.
Result<std::vector<Obstacle>> check(channel::Link& agent, std::chrono::milliseconds limit,
                                    const Looked& looked);

}  // namespace nap::update::agent
