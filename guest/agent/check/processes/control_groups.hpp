// SPDX-License-Identifier: GPL-2.0-only
// Control groups that cannot be carried: outside of the userland's own, of the first version, with threads of
// their own.
#pragma once

#include <string_view>

#include "agent/check/obstacle.hpp"
#include "agent/userland/tasks.hpp"

namespace nap::agent {

// By /proc/PID/cgroup.
bool outside_of_userland(std::string_view membership);

void find_in_control_groups(const Task& task, Obstacles& obstacles);
void find_threaded_groups(Obstacles& obstacles);

}  // namespace nap::agent
