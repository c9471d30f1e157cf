// SPDX-License-Identifier: GPL-2.0-only
// Swap: files and disks in which the machine has turned swapping on. What is swapped out stands in the way
// beforehand.
#pragma once

#include <string_view>

#include "agent/carried/part.hpp"

namespace nap::agent {

struct SwapSpace {
    std::string path;
    int priority = 0;  // negative: the kernel's choice
};
// /proc/swaps.
std::vector<SwapSpace> parse_swaps(std::string_view swaps);

extern const Part kSwap;

}  // namespace nap::agent
