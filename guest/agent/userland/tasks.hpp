// SPDX-License-Identifier: GPL-2.0-only
// Tasks: the processes of the userland, as /proc shows them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nap::agent {

struct Task {
    pid_t pid = 0;       // in the userland's PID namespace
    pid_t host_pid = 0;  // in the initial one
    pid_t tracer = 0;    // host pid; 0: nobody traces it
    int depth = 0;       // nested PID namespaces; 1: the userland's own
    int threads = 0;
    char state = '?';
    std::string name;
    std::uint64_t huge_kib = 0, swapped_kib = 0;
};

// Reads /proc/PID/status. Nothing where it is no process of the userland (its pid is known in one namespace
// only).
std::optional<Task> parse_status(std::string_view status);

// Ascending by pid; only those with host pids above `after`.
std::vector<Task> list_tasks(pid_t after = 0);
std::optional<Task> find_init();  // the userland's process 1, alive

}  // namespace nap::agent
