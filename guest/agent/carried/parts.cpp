// SPDX-License-Identifier: GPL-2.0-only
// The table of all parts.
#include <vector>

#include "agent/carried/clock.hpp"
#include "agent/carried/kernel_settings.hpp"
#include "agent/carried/network.hpp"
#include "agent/carried/part.hpp"
#include "agent/carried/swap.hpp"

namespace nap::agent {

std::span<const Part> parts() {
    static const std::vector<Part> all = {kKernelSettings, kNetwork, kClock, kSwap};
    return all;
}

}  // namespace nap::agent
