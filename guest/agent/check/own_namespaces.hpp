// SPDX-License-Identifier: GPL-2.0-only
// Namespaces that a process or a thread has apart from the userland's. Those of mounts are carried.
#pragma once

#include <sys/types.h>

#include "agent/check/obstacle.hpp"
#include "agent/userland/tasks.hpp"

namespace nap::agent {

// Of /proc/PID/ns/WHICH; 0 where it cannot be told.
ino_t namespace_inode(pid_t host_pid, const char* which);

void find_own_namespaces(const Task& task, const Task& init, Obstacles& obstacles);

// Those in which a thread is, but not its process. `host_tid`: the thread's.
void find_threads_namespaces(const Task& task, pid_t host_tid, Obstacles& obstacles);

}  // namespace nap::agent
