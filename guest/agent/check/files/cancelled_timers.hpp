// SPDX-License-Identifier: GPL-2.0-only
// Cancelled timers: timerfds that are to tell their program that the clock was set (TFD_TIMER_CANCEL_ON_SET),
// and that it has not read yet.
#pragma once

#include <vector>

#include "agent/check/obstacle.hpp"
#include "agent/kernel_memory/running_kernel.hpp"

namespace nap::agent {

void find_cancelled_timers(const RunningKernel& kernel, const std::vector<Task>& tasks, Obstacles& obstacles);

}  // namespace nap::agent
