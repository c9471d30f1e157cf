// SPDX-License-Identifier: GPL-2.0-only
// Sockets of kinds, and in states, that CRIU refuses.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "agent/check/obstacle.hpp"

namespace nap::agent {

// A socket's domain, type and protocol as for socket(2).
std::optional<Finding> judge_socket(int domain, int type, int protocol);

// A TCP socket's state (TCP_LISTEN, ...); `waiting`: connections that nobody has accepted yet.
std::optional<Finding> judge_tcp(int state, unsigned waiting);

// A netlink socket. `groups`: bits of the multicast groups it listens to, 32 in each; `unread`: something
// waits.
std::optional<Finding> judge_netlink(std::uint32_t port, std::span<const std::uint32_t> groups, bool unread);

// `fd`: a copy of the process's descriptor. What passes by itself is waited for, a moment.
std::optional<Finding> judge_socket_descriptor(int fd);

}  // namespace nap::agent
