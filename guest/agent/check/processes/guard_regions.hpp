// SPDX-License-Identifier: GPL-2.0-only
// Guard regions (MADV_GUARD_INSTALL, from Linux 6.13 on): parts of an area that nobody may touch. They stand
// in the page tables alone.
#pragma once

#include "agent/check/obstacle.hpp"

namespace nap::agent {

// Nothing where the kernel does not tell; it does from 6.15 on.
void find_guard_regions(const Task& task, Obstacles& obstacles);

}  // namespace nap::agent
