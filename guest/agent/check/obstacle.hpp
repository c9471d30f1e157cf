// SPDX-License-Identifier: GPL-2.0-only
// Obstacle: one thing that CRIU cannot carry over, and what its owner can do about it. Or a notice: an update
// goes on, and this is not afterwards as it was.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <set>
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
    // Inodes, or pids, of what it was found at, where a program makes and ends many of them; empty: at none.
    std::set<std::uint64_t> found_at = {};
};

using Obstacles = std::vector<Obstacle>;

// Once for each process and finding, however many descriptors or mappings show it.
void add(Obstacles& obstacles, const Task& task, Finding finding);
void add(Obstacles& obstacles, const Task& task, Finding finding, std::uint64_t found_at);

// Those of `now` that were there before, too, at one same thing: what is just ending, or just beginning,
// shows what is none, and a busy program always has some of these.
Obstacles lasting(const Obstacles& before, Obstacles now);

}  // namespace nap::agent
