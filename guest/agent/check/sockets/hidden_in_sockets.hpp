// SPDX-License-Identifier: GPL-2.0-only
// Hidden in sockets: what cannot be carried of a socket though no system call tells of it; the kernel's
// memory does.
#pragma once

#include <vector>

#include "agent/check/obstacle.hpp"
#include "agent/userland/tasks.hpp"

namespace nap::agent {

void find_hidden_in_sockets(const std::vector<Task>& tasks, Obstacles& obstacles);

}  // namespace nap::agent
