// SPDX-License-Identifier: GPL-2.0-only
// Inside: work done as a process of the userland's PID namespace does it, and pids that nobody has any more.
#pragma once

#include <sys/types.h>

#include <functional>
#include <set>

#include "base/error.hpp"

namespace nap::agent {

// Runs `work` in a process in the PID namespace of `host_pid`, and in its other `namespaces` (CLONE_NEW...):
// where the kernel tells pids, they are those of that namespace. It shares the agent's memory; this thread
// waits for it.
Result<> in_own_process(pid_t host_pid, int namespaces, const std::function<Result<>()>& work);

// Runs `work` while each of `pids` exists in the PID namespace of `host_pid`: where there is none, as a
// process that has ended already.
Result<> while_pids_exist(pid_t host_pid, const std::set<pid_t>& pids, const std::function<Result<>()>& work);

}  // namespace nap::agent
