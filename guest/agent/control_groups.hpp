// SPDX-License-Identifier: GPL-2.0-only
// Processes in control groups that were made inside of the machine.
#pragma once

#include "agent/obstacle.hpp"
#include "agent/tasks.hpp"

namespace nap::agent {

void find_in_control_groups(const Task& task, const Task& init, Obstacles& obstacles);

}  // namespace nap::agent
