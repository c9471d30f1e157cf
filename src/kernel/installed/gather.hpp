// SPDX-License-Identifier: GPL-2.0-only
// Gathers of an installed kernel what Nap needs, wherever it is installed: its image, its configuration, and
// of its modules those that every generation loads.
#pragma once

#include <filesystem>
#include <string>

#include "base/files.hpp"
#include "kernel/assembly.hpp"

namespace nap::kernel {

// The content of /boot/vmlinuz-VERSION, after looking whether it is one, whole, of this version.
Result<std::string> read_vmlinuz(Files& files, const std::string& version);

// Whether Nap could use it, as far as its configuration and the index of its modules tell.
Result<> check_installed(Files& files, const std::string& version);

// Below `tree`, which is made: vmlinuz, config, modules/. Headers are left open. Refused where it is not
// installed completely: modules or configuration are missing.
Result<KernelFiles> gather(Files& files, const std::string& version, const std::string& vmlinuz,
                           const std::filesystem::path& tree);

}  // namespace nap::kernel
