// SPDX-License-Identifier: GPL-2.0-only
// Keys: what programs have put into the kernel's key rings. They belong to users, and to sessions, processes
// and threads by their credentials; the kernel shows them to those who may see them only.
#pragma once

#include <string>
#include <string_view>

#include "agent/check/obstacle.hpp"
#include "agent/kernel_memory/running_kernel.hpp"

namespace nap::agent {

// Whether a program has made it. The kernel's own key rings, and those that every user and session gets and
// which are empty, are made anew by any kernel.
bool is_programs_key(std::string_view type, std::string_view description);

void find_keys(const RunningKernel& kernel, Obstacles& obstacles);

}  // namespace nap::agent
