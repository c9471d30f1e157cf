// SPDX-License-Identifier: GPL-2.0-only
// Loaded modules: those of the running kernel, whoever loaded them, but Nap's own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "channel/json.hpp"

namespace nap::agent {

struct LoadedModule {
    std::string name;      // with '_'
    bool foreign = false;  // not of the kernel's own build
};

// `modules`: as /proc/modules lists them, the last loaded first. In the order in which they were loaded.
std::vector<LoadedModule> parse_modules(std::string_view modules);
std::vector<LoadedModule> loaded_modules();

// {parameter: value}: those that can only be set when it is loaded.
channel::Json fixed_parameters(const std::string& module);

}  // namespace nap::agent
