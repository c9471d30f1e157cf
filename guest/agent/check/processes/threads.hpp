// SPDX-License-Identifier: GPL-2.0-only
// Threads that cannot be carried, or would not be what they were: traced ones, those whose leader has ended,
// those that share less with their process than threads do.
#pragma once

#include <optional>

#include "agent/check/obstacle.hpp"
#include "agent/userland/tasks.hpp"

namespace nap::agent {

// A policy as sched_getscheduler(2) gives it.
std::optional<Finding> judge_scheduling(int policy);

void find_in_threads(const Task& task, Obstacles& obstacles);

}  // namespace nap::agent
