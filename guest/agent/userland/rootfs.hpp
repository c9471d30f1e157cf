// SPDX-License-Identifier: GPL-2.0-only
// Root: the userland's view of the file systems, made in a new mount namespace.
#pragma once

#include "base/error.hpp"

namespace nap::agent {

// Makes `root` (a mounted file system) the root of this process's mount namespace, with /proc, /sys, /dev,
// /run and the cgroup tree on it; nothing of the agent's own root stays reachable.
Result<> enter_root(const char* root);

}  // namespace nap::agent
