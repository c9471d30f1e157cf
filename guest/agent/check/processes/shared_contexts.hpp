// SPDX-License-Identifier: GPL-2.0-only
// What several processes share as only threads should: all memory, or working directory and root
// (clone(2) with CLONE_VM or CLONE_FS, but without CLONE_THREAD).
#pragma once

#include <vector>

#include "agent/check/obstacle.hpp"
#include "agent/userland/tasks.hpp"

namespace nap::agent {

void find_shared_contexts(const std::vector<Task>& tasks, Obstacles& obstacles);

}  // namespace nap::agent
