// SPDX-License-Identifier: GPL-2.0-only
// Address spaces that several processes share (clone(2) with CLONE_VM but without CLONE_THREAD).
#pragma once

#include <vector>

#include "agent/obstacle.hpp"
#include "agent/tasks.hpp"

namespace nap::agent {

void find_shared_address_spaces(const std::vector<Task>& tasks, Obstacles& obstacles);

}  // namespace nap::agent
