// SPDX-License-Identifier: GPL-2.0-only
// Steered sockets: groups of SO_REUSEPORT whose members a program chooses. No call reads the program back,
// nor tells that there is one; the kernel's memory does.
#pragma once

#include <vector>

#include "agent/check/obstacle.hpp"
#include "agent/kernel_memory/running_kernel.hpp"
#include "agent/userland/tasks.hpp"

namespace nap::agent {

void find_steered_sockets(const RunningKernel& kernel, const std::vector<Task>& tasks, Obstacles& obstacles);

}  // namespace nap::agent
