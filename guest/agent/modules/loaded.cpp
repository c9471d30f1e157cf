// SPDX-License-Identifier: GPL-2.0-only
#include "agent/modules/loaded.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <ranges>
#include <sstream>

#include "base/fd.hpp"

namespace nap::agent {

namespace fs = std::filesystem;
using channel::Json;

namespace {

constexpr std::string_view kOwn = "nap";

}  // namespace

// name size uses users state address (taints)
std::vector<LoadedModule> parse_modules(std::string_view modules) {
    std::vector<LoadedModule> all;
    for (const auto line : std::views::split(modules, '\n')) {
        std::istringstream words{std::string(line.begin(), line.end())};
        std::string name, size, uses, users, state, address, taints;
        if (!(words >> name >> size >> uses >> users >> state) || name == kOwn || state == "Unloading")
            continue;
        words >> address >> taints;
        all.push_back({.name = name, .foreign = taints.find('O') != std::string::npos});
    }
    std::ranges::reverse(all);
    return all;
}

std::vector<LoadedModule> loaded_modules() {
    return parse_modules(read_file("/proc/modules").value_or(""));
}

Json fixed_parameters(const std::string& module) {
    Json found = Json::object();
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/sys/module/" + module + "/parameters", error)) {
        struct stat file {};
        if (::stat(entry.path().c_str(), &file) != 0 || (file.st_mode & 0222) != 0) continue;
        auto value = read_file(entry.path());
        if (!value) continue;
        while (value->ends_with('\n')) value->pop_back();
        found[entry.path().filename()] = *value;
    }
    return found;
}

}  // namespace nap::agent
