// SPDX-License-Identifier: GPL-2.0-only
// Module index: what depmod has written of an installed kernel's modules, and which of their files have to be
// loaded for some modules to be there.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace nap::kernel {

// "kernel/net/ipv4/tcp_diag.ko: kernel/net/ipv4/inet_diag.ko": modules.dep, by path. What is needed first
// comes last.
using Dependencies = std::map<std::string, std::vector<std::string>>;
Dependencies parse_dependencies(const std::string& text);

// Below the folder, whoever wrote the path.
bool is_beneath(const std::string& path);

struct NeededModules {
    std::vector<std::string> files;    // as modules.dep names them, in load order
    std::vector<std::string> missing;  // of `wanted`
};

// `wanted`, `there`: names. What is `there` is neither needed nor missing, nor what is built in.
NeededModules needed_modules(const Dependencies& dependencies, std::string_view built_in,
                             const std::vector<std::string>& wanted, const std::vector<std::string>& there);

}  // namespace nap::kernel
