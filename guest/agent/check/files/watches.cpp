// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/files/watches.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <sstream>

#include "base/fd.hpp"

namespace nap::agent {

namespace {

// CRIU finds what is watched by its file handle, and cannot open those of these.
constexpr std::array kWithoutHandles = {"proc",    "sysfs",   "devpts",     "mqueue",
                                        "debugfs", "tracefs", "securityfs", "pstore"};

// The kernel prints its own dev_t: 12 bits of major number, 20 of minor.
std::string device_name(unsigned long device) {
    return std::to_string(device >> 20) + ":" + std::to_string(device & 0xfffff);
}

}  // namespace

std::vector<std::string> parse_watched_devices(std::string_view fdinfo) {
    constexpr std::string_view kKey = " sdev:";
    std::vector<std::string> devices;
    std::istringstream lines{std::string(fdinfo)};
    for (std::string line; std::getline(lines, line);)
        if (const auto at = line.find(kKey); line.starts_with("inotify ") && at != std::string::npos)
            devices.push_back(device_name(std::strtoul(line.c_str() + at + kKey.size(), nullptr, 16)));
    return devices;
}

std::optional<Finding> judge_watch(std::string_view type) {
    if (std::ranges::find(kWithoutHandles, type) == kWithoutHandles.end()) return std::nullopt;
    return Finding{"an inotify watch in a file system of type " + std::string(type),
                   "Files there cannot be found again.", "Let the program watch ordinary files only."};
}

void find_in_watches(const Task& task, int fd, const MountTable& mounts, Obstacles& obstacles) {
    auto fdinfo = read_file("/proc/" + std::to_string(task.host_pid) + "/fdinfo/" + std::to_string(fd));
    if (!fdinfo) return;
    for (const auto& device : parse_watched_devices(*fdinfo))
        if (auto finding = judge_watch(mounts.type_of(device))) add(obstacles, task, std::move(*finding));
}

}  // namespace nap::agent
