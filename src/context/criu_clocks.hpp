// SPDX-License-Identifier: GPL-2.0-only
// CRIU's clocks: what the dumped tasks' CLOCK_MONOTONIC showed when the dump began, from which their timers
// are counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/error.hpp"

namespace nap::context {

// The content of timens-ID.img; ns. Untrusted bytes.
Result<std::int64_t> read_criu_monotonic(std::span<const std::byte> image);

}  // namespace nap::context
