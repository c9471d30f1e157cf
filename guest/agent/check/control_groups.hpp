// SPDX-License-Identifier: GPL-2.0-only
// Processes in control groups that were made inside of the machine.
#pragma once

#include "agent/check/obstacle.hpp"
#include "agent/userland/tasks.hpp"

namespace nap::agent {

void find_in_control_groups(const Task& task, const Task& init, Obstacles& obstacles);

}  // namespace nap::agent
