// SPDX-License-Identifier: GPL-2.0-only
// The initramfs of a generation: the agent, CRIU, what they need, and the kernel's modules.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "kernel/image/modules.hpp"

namespace nap::kernel {

// Every file of this host that goes in: path in the initramfs (absolute) -> where it lies. The agent is
// /init, CRIU /nap/criu, libexec's tar (if it has one, for CRIU) /bin/tar; then the shared libraries of all
// of them.
Result<std::map<std::string, std::filesystem::path>> programs_of(const std::filesystem::path& libexec);

// Modules lie at /nap/modules/NN-name.ko, listed by path in load order in /nap/modules.list; the adoption
// module at /nap/nap.ko. `work`: a directory for stripped copies of the programs.
Result<> write_initramfs(const std::filesystem::path& file,
                         const std::map<std::string, std::filesystem::path>& programs,
                         const std::vector<Module>& modules, const std::string& adoption_module,
                         const std::filesystem::path& work);

}  // namespace nap::kernel
