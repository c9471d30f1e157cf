// SPDX-License-Identifier: GPL-2.0-only
// Namespaces that a process or a thread has apart from the userland's. Those of mounts and host
// names are carried, and of IPC and users (apart_namespaces.hpp).
#pragma once

#include <sys/types.h>

#include <array>

#include "agent/check/obstacle.hpp"
#include "agent/userland/tasks.hpp"

namespace nap::agent {

// Of /proc/PID/ns/WHICH; 0 where it cannot be told.
ino_t namespace_inode(pid_t host_pid, const char* which);

// The inodes of those that a task may not have apart.
using NamespaceInodes = std::array<ino_t, 4>;
NamespaceInodes namespaces_of(pid_t host_pid);

// `shared`: those of the machine's init.
void find_own_namespaces(const Task& task, const NamespaceInodes& shared, Obstacles& obstacles);

// Those in which a thread is, but not its process. `host_tid`: the thread's.
void find_threads_namespaces(const Task& task, pid_t host_tid, Obstacles& obstacles);

}  // namespace nap::agent
