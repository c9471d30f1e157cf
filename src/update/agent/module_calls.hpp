// SPDX-License-Identifier: GPL-2.0-only
// The modules of a machine's kernel: told by the older agent, loaded by the newer one.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "update/agent/agent_calls.hpp"

namespace nap::update::agent {

struct LoadedModule {
    std::string name;
    bool foreign = false;  // not of the kernel's own build
    Json parameters;       // {name: value}, of those that are set at load
};

// In the order in which they were loaded.
Result<std::vector<LoadedModule>> loaded_modules(channel::Link& agent, Milliseconds limit);

struct ModuleFile {
    std::string file, name;
    Json parameters;
};

// In this order, from files of `folder`. Gives a warning for each that is not as it was.
Result<std::vector<std::string>> load_modules(channel::Link& agent, const std::filesystem::path& folder,
                                              const std::vector<ModuleFile>& modules, Milliseconds limit);

}  // namespace nap::update::agent
