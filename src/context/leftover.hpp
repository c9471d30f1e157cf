// SPDX-License-Identifier: GPL-2.0-only
// Leftover: the parts of user memory that a plan does not adopt. After commit nobody needs their contents:
// page cache of the older kernel, what travelled in CRIU's images, what was free. A block of 2 MiB that is
// adopted but for a little is not cut up: the host may have it on one page.
#pragma once

#include <vector>

#include "base/units.hpp"
#include "context/plan.hpp"

namespace nap::context {

// Ascending, none shorter than `least` page frames.
std::vector<FrameRange> leftover(const Plan& plan, FrameRange user, std::uint64_t least);

}  // namespace nap::context
