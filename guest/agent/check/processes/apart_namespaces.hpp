// SPDX-License-Identifier: GPL-2.0-only
// User namespaces of processes' own: carried unless they lie within another. And who is in a namespace that
// belongs to a user namespace.
#pragma once

#include <vector>

#include "agent/check/obstacle.hpp"
#include "agent/kernel_memory/running_kernel.hpp"
#include "agent/userland/tasks.hpp"

namespace nap::agent {

// `tasks`: all of the userland.
void find_in_apart_namespaces(const RunningKernel& kernel, const Task& init, const std::vector<Task>& tasks,
                              Obstacles& obstacles);

}  // namespace nap::agent
