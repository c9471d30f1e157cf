// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/installed/module_index.hpp"

#include <algorithm>
#include <filesystem>
#include <ranges>
#include <set>
#include <sstream>

#include "kernel/image/modules.hpp"

namespace nap::kernel {

Dependencies parse_dependencies(const std::string& text) {
    Dependencies all;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string module, word;
        if (!(words >> module) || !module.ends_with(':')) continue;
        module.pop_back();
        auto& needs = all[module];
        while (words >> word) needs.push_back(word);
    }
    return all;
}

bool is_beneath(const std::string& path) {
    const std::filesystem::path relative(path);
    return relative.is_relative() && std::ranges::find(relative, "..") == relative.end();
}

NeededModules needed_modules(const Dependencies& dependencies, std::string_view built_in,
                             const std::vector<std::string>& wanted, const std::vector<std::string>& there) {
    std::map<std::string, std::string> files;
    for (const auto& [path, needs] : dependencies) files.emplace(module_name(path), path);
    std::set<std::string> done(there.begin(), there.end());
    for (const auto line : std::views::split(built_in, '\n'))
        done.insert(module_name(std::string(line.begin(), line.end())));
    NeededModules needed;
    const auto take = [&](const std::string& path) {
        if (done.insert(module_name(path)).second) needed.files.push_back(path);
    };
    for (const auto& name : wanted) {
        if (done.contains(name)) continue;
        const auto file = files.find(name);
        if (file == files.end()) {
            needed.missing.push_back(name);
            continue;
        }
        for (const auto& path : std::views::reverse(dependencies.at(file->second))) take(path);
        take(file->second);
    }
    return needed;
}

}  // namespace nap::kernel
