// SPDX-License-Identifier: GPL-2.0-only
// The program that a process executes.
#pragma once

#include <string_view>

#include "agent/check/obstacle.hpp"
#include "agent/userland/tasks.hpp"

namespace nap::agent {

// By the first bytes of the ELF file.
bool is_32_bit(std::string_view header);

void find_in_program(const Task& task, Obstacles& obstacles);

}  // namespace nap::agent
