// SPDX-License-Identifier: GPL-2.0-only
// Boot: from the initramfs to a root the userland can be pivoted away from.
#pragma once

#include <filesystem>

#include "base/error.hpp"

namespace nap::agent {

// Mounts the kernel's file systems, loads the modules of /nap/modules.list, moves to a tmpfs root, prepares
// the cgroup of the userland. What fails is logged, and boot goes on: the host must at least get an answer.
void boot();

// finit_module(2). A module that is loaded already is no error.
Result<> load_module(const std::filesystem::path& path, const std::string& parameters);

}  // namespace nap::agent
