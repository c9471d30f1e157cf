// SPDX-License-Identifier: GPL-2.0-only
// Mapped frames: which page frames of user memory the processes have, and where they lie close together.
#pragma once

#include <span>
#include <vector>

#include "base/units.hpp"
#include "context/page_map.hpp"

namespace nap::context {

// Ascending, none twice, neighbours joined.
std::vector<FrameRange> joined(std::vector<FrameRange> ranges);

// The frames within `user` that the map names, joined.
std::vector<FrameRange> mapped_frames(const PageMap& map, FrameRange user);

// A block of 2 MiB that is so full is worth a 2 MiB page of the host: what is wasted is an eighth at most.
inline constexpr std::uint64_t kDense = kHugePagePages * 7 / 8;  // page frames

// The blocks of 2 MiB of whose frames at least `least` are in `ranges`, which are joined. Joined, too.
std::vector<FrameRange> dense_blocks(std::span<const FrameRange> ranges, std::uint64_t least = kDense);

}  // namespace nap::context
