// SPDX-License-Identifier: GPL-2.0-only
// Obstacle: one thing that CRIU cannot carry over, and what its owner can do about it. Or a notice: an update
// goes on, and this is not afterwards as it was.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "agent/userland/tasks.hpp"

namespace nap::agent {

// What stands in the way, apart from whose it is.
struct Finding {
    std::string what;    // "an io_uring instance"
    std::string why;     // one sentence
    std::string advice;  // one sentence
    bool notice = false;
};

struct Obstacle {
    pid_t pid = 0;  // in the userland; 0: no single process
    std::string name;
    Finding finding;
};

using Obstacles = std::vector<Obstacle>;

// Once for each process and finding, however many descriptors or mappings show it.
void add(Obstacles& obstacles, const Task& task, Finding finding);

// Those of `now` that were there before, too: a process that is just ending, or just beginning, shows what is
// none.
Obstacles lasting(const Obstacles& before, Obstacles now);

}  // namespace nap::agent
