// SPDX-License-Identifier: GPL-2.0-only
// Namespaces: work done inside the userland's namespaces, by threads of the agent that end with it.
#pragma once

#include <sys/types.h>

#include <functional>

#include "base/error.hpp"

namespace nap::agent {

// Runs `work` in a thread of its own, which may change its namespaces, and waits for it.
Result<> in_own_thread(const std::function<Result<>()>& work);

// Runs `work` in the network namespace `machine` (made by make_network_namespace).
Result<> in_machine_network(const std::function<Result<>()>& work);

// This thread joins the namespaces (CLONE_NEW...) of a process; children it starts are in its PID namespace.
Result<> join_namespaces(pid_t host_pid, int namespaces);

Result<> make_cgroup_namespace();   // kCgroupNamespace; while the machine's root group has no groups below
Result<> make_network_namespace();  // /run/netns/machine; that it is there already is no error
Result<ino_t> network_namespace_inode();  // by which CRIU names it at dump

}  // namespace nap::agent
