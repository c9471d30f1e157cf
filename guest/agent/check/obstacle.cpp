// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/obstacle.hpp"

#include <algorithm>

namespace nap::agent {

void add(Obstacles& obstacles, const Task& task, Finding finding) {
    const bool known = std::ranges::any_of(obstacles, [&](const Obstacle& obstacle) {
        return obstacle.pid == task.pid && obstacle.finding.what == finding.what;
    });
    if (!known) obstacles.push_back({task.pid, task.name, std::move(finding)});
}

Obstacles lasting(const Obstacles& before, Obstacles now) {
    std::erase_if(now, [&](const Obstacle& obstacle) {
        return std::ranges::none_of(before, [&](const Obstacle& earlier) {
            // What it is may hold a number that changes
            return earlier.pid == obstacle.pid && earlier.finding.why == obstacle.finding.why;
        });
    });
    return now;
}

}  // namespace nap::agent
