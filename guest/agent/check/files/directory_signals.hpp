// SPDX-License-Identifier: GPL-2.0-only
// Directory signals: programs that are told of changes in a directory by a signal (fcntl F_NOTIFY), the
// forerunner of inotify. No system call tells who is.
#pragma once

#include <vector>

#include "agent/check/obstacle.hpp"
#include "agent/kernel_memory/running_kernel.hpp"

namespace nap::agent {

void find_directory_signals(const RunningKernel& kernel, const std::vector<Task>& tasks,
                            Obstacles& obstacles);

}  // namespace nap::agent
