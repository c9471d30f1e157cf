// SPDX-License-Identifier: GPL-2.0-only
// Owned descriptor: one that a process of the userland has, named by pid and number, and how a part finds it
// again.
#pragma once

#include <sys/types.h>

#include <map>

#include "agent/carried/part.hpp"
#include "base/fd.hpp"

namespace nap::agent {

// Pids in the userland of what the kernel names by its host pid.
class Owners {
  public:
    pid_t pid_of(pid_t host_pid);  // 0: of no process of the userland

  private:
    std::map<pid_t, pid_t> known_;
};

// A copy of the descriptor that `captured` names by its `pid` and `fd`.
Result<UniqueFd> owned_descriptor(const channel::Json& captured, const HostPids& pids);

}  // namespace nap::agent
