// SPDX-License-Identifier: GPL-2.0-only
// Open files of a process that CRIU cannot carry: kinds of descriptors, sockets, devices.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/obstacle.hpp"
#include "agent/tasks.hpp"

namespace nap::agent {

struct Finding {
    std::string what, why, advice;
};

// By the text of /proc/PID/fd/N.
std::optional<Finding> judge_link(std::string_view link);

// A socket's domain, type and protocol as for socket(2).
std::optional<Finding> judge_socket(int domain, int type, int protocol);

// An open device node. `character`: else a block device.
std::optional<Finding> judge_device(bool character, unsigned major, unsigned minor);

void find_in_open_files(const Task& task, Obstacles& obstacles);

}  // namespace nap::agent
