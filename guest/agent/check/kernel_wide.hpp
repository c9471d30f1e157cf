// SPDX-License-Identifier: GPL-2.0-only
// What the machine's programs have made in the kernel itself, and no process has: links, firewall rules.
#pragma once

#include "agent/check/obstacle.hpp"

namespace nap::agent {

void find_kernel_wide(Obstacles& obstacles);

// In this thread's network namespace.
Obstacles find_in_network();

}  // namespace nap::agent
