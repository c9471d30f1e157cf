// SPDX-License-Identifier: GPL-2.0-only
// Passing: states of sockets that cannot be carried, and are gone as soon as their program has read.
#pragma once

#include <optional>

#include "agent/check/obstacle.hpp"
#include "agent/sockets/seen_socket.hpp"

namespace nap::agent {

std::optional<Finding> judge_passing(const SeenSocket& socket);

Result<std::size_t> count_passing();  // now, of all programs

}  // namespace nap::agent
