// SPDX-License-Identifier: GPL-2.0-only
// Time offset: by how much the userland's CLOCK_MONOTONIC is ahead of its kernel's, since it was restored
// into a time namespace.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.hpp"

namespace nap::agent {

// In ns; 0 where no userland is, or one that has been in no other kernel.
Result<std::int64_t> userland_time_offset();

// Of CLOCK_MONOTONIC, in the content of /proc/PID/timens_offsets.
std::optional<std::int64_t> parse_time_offset(std::string_view offsets);

}  // namespace nap::agent
