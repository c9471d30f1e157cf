// SPDX-License-Identifier: GPL-2.0-only
// Sockets of kinds, and in states, that CRIU refuses.
#pragma once

#include <optional>
#include <string_view>

#include "agent/check/obstacle.hpp"

namespace nap::agent {

// A socket's domain, type and protocol as for socket(2).
std::optional<Finding> judge_socket(int domain, int type, int protocol);

// A TCP socket's state (TCP_LISTEN, ...).
std::optional<Finding> judge_tcp(int state);

// A unix socket's file, by where the kernel says it lies now: nothing, or with " (deleted)".
bool is_gone(std::string_view now);
// By the name it was bound to and where it lies now, if it does.
bool was_renamed(std::string_view bound, std::string_view now);

// `fd`: a copy of a descriptor of that process. What passes by itself is waited for, a moment.
std::optional<Finding> judge_socket_descriptor(int fd, pid_t host_pid);

}  // namespace nap::agent
