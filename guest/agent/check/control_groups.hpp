// SPDX-License-Identifier: GPL-2.0-only
// Processes in control groups that were made inside of the machine.
#pragma once

#include <string>

#include "agent/check/obstacle.hpp"
#include "agent/userland/tasks.hpp"

namespace nap::agent {

// The content of /proc/PID/cgroup; empty where it has ended.
std::string control_groups_of(const Task& task);

// `shared`: those of the machine's init.
void find_in_control_groups(const Task& task, const std::string& shared, Obstacles& obstacles);

}  // namespace nap::agent
