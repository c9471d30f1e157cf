// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/processes/memory_areas.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "agent/check/files/deleted_files.hpp"
#include "base/fd.hpp"

namespace nap::agent {

namespace {

// All but these may have memory that is none: a device's, hugetlbfs'.
constexpr std::array kOrdinary = {"ext4",  "ext3",  "ext2",    "xfs",     "btrfs",
                                  "tmpfs", "ramfs", "overlay", "squashfs"};

// Takes what comes before a blank, and the blanks.
std::string_view word(std::string_view& text) {
    const auto word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.find_first_not_of(' ', word.size()), text.size()));
    return word;
}

std::string_view line(std::string_view& text) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    return line;
}

// "7f12a000-7f12b000 rw-p 00000000 00:00 0    /path": the line that begins an area. Fields begin with a
// capital letter.
std::optional<MemoryArea> parse_first_line(std::string_view line) {
    if (line.empty() || std::isupper(static_cast<unsigned char>(line[0]))) return std::nullopt;
    MemoryArea area;
    area.range = word(line);
    word(line);  // permissions
    word(line);  // offset
    const auto device = word(line), inode = word(line);
    if (inode.empty()) return std::nullopt;
    if (inode != "0") area.file_device = device, area.inode = inode;
    area.path = line;
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
    while (!smaps.empty()) {
        const auto text = line(smaps);
        if (auto area = parse_first_line(text))
            areas.push_back(std::move(*area));
        else if (text.starts_with("VmFlags:") && !areas.empty())
            read_flags(std::string(text), areas.back());
    }
    return areas;
}

std::vector<MemoryArea> parse_plain_areas(std::string_view maps) {
    std::vector<MemoryArea> areas;
    while (!maps.empty())
        if (auto area = parse_first_line(line(maps))) areas.push_back(std::move(*area));
    return areas;
}

OrdinaryFiles::OrdinaryFiles(const MountTable& mounts) : mounts_(mounts) {
    // Where the kernel keeps shared memory is mounted nowhere
    const UniqueFd file(static_cast<int>(::memfd_create("nap-check", MFD_CLOEXEC)));
    struct stat information {};
    if (!file || ::fstat(file.get(), &information) != 0) return;
    std::array<char, 16> text;
    std::snprintf(text.data(), text.size(), "%02x:%02x", major(information.st_dev),
                  minor(information.st_dev));
    known_[text.data()] = true;
}

bool OrdinaryFiles::lies_on(const MemoryArea& area) {
    if (area.file_device.empty()) return true;
    if (const auto known = known_.find(area.file_device); known != known_.end()) return known->second;
    const unsigned long number = std::strtoul(area.file_device.c_str(), nullptr, 16);
    const auto colon = area.file_device.find(':');
    const unsigned long below =
        colon == std::string::npos ? 0 : std::strtoul(area.file_device.c_str() + colon + 1, nullptr, 16);
    const std::string type = mounts_.type_of(std::to_string(number) + ":" + std::to_string(below));
    return known_[area.file_device] = std::ranges::find(kOrdinary, type) != kOrdinary.end();
}

// A device's node may lie on any file system.
bool OrdinaryFiles::contain(const MemoryArea& area, const std::string& process) {
    if (area.file_device.empty()) return true;
    if (!lies_on(area)) return false;
    const std::string file = area.file_device + " " + area.inode;
    if (regular_.contains(file)) return true;
    struct stat information {};
    if (::stat((process + "/map_files/" + area.range).c_str(), &information) != 0 ||
        !S_ISREG(information.st_mode))
        return false;
    regular_.insert(file);
    return true;
}

std::optional<Finding> judge_area(const MemoryArea& area) {
    if (area.huge)
        return Finding{"hugetlbfs pages", "They cannot be carried over yet.",
                       "Let the program use transparent huge pages instead."};
    if (area.path.starts_with("/secretmem"))
        return Finding{"secret memory (memfd_secret)",
                       "The kernel shows it to nobody but the process itself.",
                       "Stop the program before the update."};
    if (area.path == "/ (deleted)")
        return Finding{"a program or library that was a mount of its own, and was replaced",
                       "The kernel has taken the mount away with the file's name.",
                       "Restart the program (systemd: the unit has ExecPaths= or the like for that file)."};
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

void find_in_memory(const Task& task, OrdinaryFiles& ordinary, Obstacles& obstacles) {
    const std::string process = "/proc/" + std::to_string(task.host_pid);
    auto maps = read_file(process + "/maps");
    if (!maps) return;  // it has ended
    auto areas = parse_plain_areas(*maps);
    if (!std::ranges::all_of(areas,
                             [&](const MemoryArea& area) { return ordinary.contain(area, process); })) {
        auto smaps = read_file(process + "/smaps");
        if (!smaps) return;
        areas = parse_areas(*smaps);
    }
    for (const MemoryArea& area : areas) {
        auto finding = judge_area(area);
        struct stat information {};
        if (!finding && is_deleted(area.path) &&
            ::stat((process + "/map_files/" + area.range).c_str(), &information) == 0 &&
            !on_root_disk(information))
            finding = judge_deleted(area.path, information);
        if (finding) add(obstacles, task, std::move(*finding));
    }
}

}  // namespace nap::agent
