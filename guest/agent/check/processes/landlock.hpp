// SPDX-License-Identifier: GPL-2.0-only
// Landlock: rules in force, which a task has given itself and no interface shows.
#pragma once

#include <vector>

#include "agent/check/obstacle.hpp"
#include "agent/kernel_memory/running_kernel.hpp"
#include "agent/userland/tasks.hpp"

namespace nap::agent {

void find_landlock(const RunningKernel& kernel, const std::vector<Task>& tasks, Obstacles& obstacles);

}  // namespace nap::agent
