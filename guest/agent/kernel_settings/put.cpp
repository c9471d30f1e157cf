// SPDX-License-Identifier: GPL-2.0-only
#include "agent/kernel_settings/put.hpp"

#include <algorithm>
#include <ranges>

namespace nap::agent {

namespace {

constexpr int kRounds = 5;  // one for each setting that waits for another, and one to see that all are right

std::vector<std::string> unlike(const Values& wanted, const Values& now) {
    std::vector<std::string> paths;
    for (const auto& [path, value] : wanted)
        if (const auto found = now.find(path); found != now.end() && found->second != value)
            paths.push_back(path);
    std::ranges::stable_sort(paths, {}, [](const std::string& path) { return !sets_others(path); });
    return paths;
}

}  // namespace

Access kernel_access() {
    return {read_values, write_value};
}

std::map<std::string, std::string> put_values(const Values& wanted, const Access& access) {
    std::map<std::string, std::string> refused;
    for (int round = 0; round < kRounds; ++round) {
        const auto left = unlike(wanted, access.read(paths_of(wanted)));
        std::map<std::string, std::string> why;
        for (const auto& path : left) {
            auto written = access.write(path, wanted.at(path));
            why[path] = written ? "this kernel keeps another value" : written.error().message;
        }
        if (left.empty()) return {};
        const bool stuck = std::ranges::equal(std::views::keys(why), std::views::keys(refused));
        refused = std::move(why);
        if (stuck) return refused;
    }
    const auto left = unlike(wanted, access.read(paths_of(wanted)));
    std::erase_if(refused,
                  [&](const auto& each) { return std::ranges::find(left, each.first) == left.end(); });
    return refused;
}

Values wanted_before_tasks(const Baseline& baseline, const Values& set) {
    Values wanted;
    for (const auto& [path, value] : baseline.values)
        if (when(path) == When::before_tasks) wanted[path] = value;
    for (const auto& [path, value] : set)
        if (when(path) == When::before_tasks) wanted[path] = value;
    for (auto& [path, value] : wanted)
        if (const auto most = out_of_the_way(path, set.contains(path))) value = *most;
    return wanted;
}

Values wanted_after_tasks(const Baseline& baseline, const Values& set) {
    Values wanted;
    for (const auto& [path, value] : baseline.values)
        if (out_of_the_way(path, false)) wanted[path] = value;
    for (const auto& [path, value] : set)
        if (out_of_the_way(path, true) || when(path) == When::after_tasks) wanted[path] = value;
    return wanted;
}

}  // namespace nap::agent
