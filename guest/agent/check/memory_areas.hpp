// SPDX-License-Identifier: GPL-2.0-only
// Memory areas (VMAs) of a process that are no ordinary memory: huge pages of hugetlbfs, devices' memory,
// memory that the kernel shows to nobody, mapped files that have been deleted.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/check/obstacle.hpp"
#include "agent/userland/tasks.hpp"

namespace nap::agent {

struct MemoryArea {
    std::string range;    // "7f12a000-7f12b000", as in /proc/PID/map_files
    std::string path;     // empty for anonymous memory
    bool huge = false;    // of hugetlbfs
    bool device = false;  // its page frames belong to a device
};

// /proc/PID/smaps.
std::vector<MemoryArea> parse_areas(std::string_view smaps);

std::optional<Finding> judge_area(const MemoryArea& area);

void find_in_memory(const Task& task, Obstacles& obstacles);

}  // namespace nap::agent
