// SPDX-License-Identifier: GPL-2.0-only
// Owned descriptor: one that a process of the userland has, named by pid and number, and how a part finds it
// again.
#pragma once

#include "agent/carried/part.hpp"
#include "base/fd.hpp"

namespace nap::agent {

// A copy of the descriptor that `captured` names by its `pid` and `fd`.
Result<UniqueFd> owned_descriptor(const channel::Json& captured, const HostPids& pids);

}  // namespace nap::agent
