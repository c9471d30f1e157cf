// SPDX-License-Identifier: GPL-2.0-only
// Memory areas (VMAs) of a process that are no ordinary memory: huge pages of hugetlbfs, devices' memory,
// memory that the kernel shows to nobody, mapped files that have been deleted.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "agent/check/files/mounts.hpp"
#include "agent/check/obstacle.hpp"
#include "agent/userland/tasks.hpp"

namespace nap::agent {

struct MemoryArea {
    std::string range;             // "7f12a000-7f12b000", as in /proc/PID/map_files
    std::string path;              // empty for anonymous memory
    std::string file_device = {};  // "fe:01"; empty for memory of no file
    std::string inode = {};
    bool huge = false;    // of hugetlbfs
    bool device = false;  // its page frames belong to a device
};

// /proc/PID/smaps. The kernel walks all of a process's page tables for it.
std::vector<MemoryArea> parse_areas(std::string_view smaps);

// /proc/PID/maps, which tells neither huge nor device.
std::vector<MemoryArea> parse_plain_areas(std::string_view maps);

// Files that are ordinary memory where they are mapped; of others only smaps tells what they are.
class OrdinaryFiles {
  public:
    explicit OrdinaryFiles(const MountTable& mounts);
    // `process`: its folder in /proc.
    [[nodiscard]] bool contain(const MemoryArea& area, const std::string& process);
    // The area's file lies on a file system which has no memory of its own.
    [[nodiscard]] bool lies_on(const MemoryArea& area);

  private:
    const MountTable& mounts_;
    std::map<std::string, bool, std::less<>> known_;  // devices
    std::unordered_set<std::string> regular_;         // device and inode
};

std::optional<Finding> judge_area(const MemoryArea& area);

void find_in_memory(const Task& task, OrdinaryFiles& ordinary, Obstacles& obstacles);

}  // namespace nap::agent
