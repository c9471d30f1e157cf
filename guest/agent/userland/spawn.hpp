// SPDX-License-Identifier: GPL-2.0-only
// Spawn: starts a command inside the userland: its namespaces, its cgroup, a session of its own.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "agent/userland/terminal.hpp"
#include "base/error.hpp"

namespace nap::agent {

struct Spawned {
    pid_t host_pid = -1;  // our child; whoever holds this waits for it
    UniqueFd pidfd;
    Terminal terminal;  // our ends
};

// A command that is not found ends with status 127, one that cannot be executed with 126, as in a shell; both
// say why on their standard error.
// rows, cols: of its terminal, where tty.
Result<Spawned> spawn_in_userland(const std::vector<std::string>& argv,
                                  const std::vector<std::string>& environment, bool tty, std::uint64_t rows,
                                  std::uint64_t cols);

}  // namespace nap::agent
