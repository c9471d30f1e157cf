// SPDX-License-Identifier: GPL-2.0-only
// Recreate: the connections that no process has (context/connection.hpp), in the newer kernel.
#pragma once

#include <span>

#include "agent/carried/part.hpp"
#include "context/connection.hpp"

namespace nap::agent {

// While the network is locked, the listeners are there, and nothing runs. Half open connections that cannot
// be made again are warned of.
Result<> recreate_connections(std::span<const context::Connection> connections, Warnings& warnings);
Result<> recreate_in_own_network(std::span<const context::Connection> connections,
                                 Warnings& warnings);  // in this thread's network namespace

}  // namespace nap::agent
