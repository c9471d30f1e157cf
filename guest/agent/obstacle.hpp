// SPDX-License-Identifier: GPL-2.0-only
// Obstacle: one thing that CRIU cannot carry over, and what its owner can do about it.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace nap::agent {

struct Obstacle {
    pid_t pid = 0;  // in the userland; 0: no single process
    std::string name;
    std::string what;    // "an io_uring instance"
    std::string why;     // one sentence
    std::string advice;  // one sentence
};

using Obstacles = std::vector<Obstacle>;

}  // namespace nap::agent
