// SPDX-License-Identifier: GPL-2.0-only
// Memory blocks: the granules in which the kernel takes memory into use (/sys/devices/system/memory).
#pragma once

#include "base/error.hpp"
#include "base/units.hpp"

namespace nap::agent {

// Onlines every block of `user` as movable. All of them must be there; an online one is an error, as its
// pages would be in the allocator's hands.
Result<> online_blocks(FrameRange user);

}  // namespace nap::agent
