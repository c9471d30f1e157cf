// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/obstacle.hpp"

#include <algorithm>

namespace nap::agent {

namespace {

Obstacle& known_or_new(Obstacles& obstacles, const Task& task, Finding finding) {
    const auto known = std::ranges::find_if(obstacles, [&](const Obstacle& obstacle) {
        return obstacle.pid == task.pid && obstacle.finding.what == finding.what;
    });
    if (known != obstacles.end()) return *known;
    return obstacles.emplace_back(task.pid, task.name, std::move(finding));
}

bool at_one_same(const Obstacle& one, const Obstacle& other) {
    if (one.found_at.empty() || other.found_at.empty()) return one.found_at.empty() == other.found_at.empty();
    return std::ranges::any_of(one.found_at, [&](std::uint64_t at) { return other.found_at.contains(at); });
}

}  // namespace

void add(Obstacles& obstacles, const Task& task, Finding finding) {
    known_or_new(obstacles, task, std::move(finding));
}

void add(Obstacles& obstacles, const Task& task, Finding finding, std::uint64_t found_at) {
    known_or_new(obstacles, task, std::move(finding)).found_at.insert(found_at);
}

Obstacles lasting(const Obstacles& before, Obstacles now) {
    std::erase_if(now, [&](const Obstacle& obstacle) {
        return std::ranges::none_of(before, [&](const Obstacle& earlier) {
            // What it is may hold a number that changes
            return earlier.pid == obstacle.pid && earlier.finding.why == obstacle.finding.why &&
                   at_one_same(earlier, obstacle);
        });
    });
    return now;
}

}  // namespace nap::agent
