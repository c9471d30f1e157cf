// SPDX-License-Identifier: GPL-2.0-only
// Which of a kernel's modules every generation loads, in the order in which they can be loaded.
//
// The order follows the `depends` that the kernel's build writes into each module, so neither depmod nor its
// files are needed: distribution packages come without them.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace nap::kernel {

struct Module {
    std::string name;     // with '_'
    std::string content;  // ELF, not compressed
};

struct WantedModule {
    std::string_view name;
    bool required;  // it must be present or built in; one that is not is left out
};

// "kernel/net/ipv4/tcp-diag.ko.xz" -> "tcp_diag"; empty where it is no module.
std::string module_name(const std::filesystem::path& path);

// What devices, the root file system and CRIU need.
std::span<const WantedModule> wanted_modules();

// `directory`: a lib/modules/VERSION. Dependencies first, each module once, none that is built in.
Result<std::vector<Module>> modules_in_load_order(const std::filesystem::path& directory,
                                                  std::span<const WantedModule> wanted);

// The `key=value` pairs of a module's .modinfo section, for one key.
Result<std::string> module_info(std::string_view content, std::string_view key);

}  // namespace nap::kernel
