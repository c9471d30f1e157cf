// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/memory_areas.hpp"

#include <sys/stat.h>

#include <cctype>
#include <sstream>

#include "agent/check/deleted_files.hpp"
#include "base/fd.hpp"

namespace nap::agent {

namespace {

// "7f12a000-7f12b000 rw-p 00000000 00:00 0    /path": the line that begins an area. Fields begin with a
// capital letter.
std::optional<MemoryArea> parse_first_line(const std::string& line) {
    if (line.empty() || std::isupper(static_cast<unsigned char>(line[0]))) return std::nullopt;
    std::istringstream fields(line);
    MemoryArea area;
    std::string permissions, offset, device, inode;
    if (!(fields >> area.range >> permissions >> offset >> device >> inode)) return std::nullopt;
    std::getline(fields >> std::ws, area.path);
    return area;
}

void read_flags(const std::string& line, MemoryArea& area) {
    std::istringstream flags(line.substr(line.find(':') + 1));
    for (std::string flag; flags >> flag;) {
        if (flag == "ht") area.huge = true;
        if (flag == "io" || flag == "pf") area.device = true;
    }
}

}  // namespace

std::vector<MemoryArea> parse_areas(std::string_view smaps) {
    std::vector<MemoryArea> areas;
    std::istringstream lines{std::string(smaps)};
    for (std::string line; std::getline(lines, line);) {
        if (auto area = parse_first_line(line))
            areas.push_back(std::move(*area));
        else if (line.starts_with("VmFlags:") && !areas.empty())
            read_flags(line, areas.back());
    }
    return areas;
}

std::optional<Finding> judge_area(const MemoryArea& area) {
    if (area.huge)
        return Finding{"hugetlbfs pages", "They cannot be carried over yet.",
                       "Let the program use transparent huge pages instead."};
    if (area.path.starts_with("/secretmem"))
        return Finding{"secret memory (memfd_secret)",
                       "The kernel shows it to nobody but the process itself.",
                       "Stop the program before the update."};
    if (area.path.starts_with("anon_inode:"))
        return Finding{"memory shared with the kernel (" + area.path + ")",
                       "Its state lies in the kernel, which does not give it out.",
                       "Stop the program before the update."};
    const bool of_the_kernel = area.path.starts_with("[");  // [vvar] and the like: every kernel has its own
    if (area.device && !of_the_kernel)
        return Finding{"a device's memory mapped (" + area.path + ")",
                       "The state of its driver is lost with the older kernel.",
                       "Stop the program that uses the device before the update."};
    return std::nullopt;
}

void find_in_memory(const Task& task, Obstacles& obstacles) {
    const std::string process = "/proc/" + std::to_string(task.host_pid);
    auto smaps = read_file(process + "/smaps");
    if (!smaps) return;  // it has ended
    for (const MemoryArea& area : parse_areas(*smaps)) {
        auto finding = judge_area(area);
        struct stat information {};
        if (!finding && is_deleted(area.path) &&
            ::stat((process + "/map_files/" + area.range).c_str(), &information) == 0)
            finding = judge_deleted(area.path, information);
        if (finding) add(obstacles, task, std::move(*finding));
    }
}

}  // namespace nap::agent
