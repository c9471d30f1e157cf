// SPDX-License-Identifier: GPL-2.0-only
// Durations as people write them: 10s, 1.5s, 500ms, 2m.
#pragma once

#include <chrono>
#include <string>

#include "base/error.hpp"

namespace nap::cli {

inline constexpr std::chrono::milliseconds kLongestDuration{3'600'000};

// From a millisecond to an hour, with its unit.
Result<std::chrono::milliseconds> parse_duration(const std::string& option, const std::string& text);

}  // namespace nap::cli
