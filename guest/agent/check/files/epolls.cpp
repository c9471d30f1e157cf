// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/files/epolls.hpp"

#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <sstream>

#include "base/fd.hpp"
#include "base/number.hpp"

namespace nap::agent {

namespace fs = std::filesystem;

namespace {

struct Target {
    int epoll, number;
    unsigned occurrence;  // among the targets of the same number
};

// Or it is watched no longer.
bool is_target(pid_t host_pid, int fd, const Target& target) {
    kcmp_epoll_slot slot{static_cast<std::uint32_t>(target.epoll), static_cast<std::uint32_t>(target.number),
                         target.occurrence};
    const long order = ::syscall(SYS_kcmp, host_pid, host_pid, KCMP_EPOLL_TFD, fd, &slot);
    return order == 0 || (order < 0 && errno == ENOENT);
}

// Under the number it was watched by, or another.
bool is_open(pid_t host_pid, const Target& target) {
    if (is_target(host_pid, target.number, target)) return true;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(host_pid) + "/fd", error))
        if (is_target(host_pid, leading_number(entry.path().filename().native()), target)) return true;
    return false;
}

}  // namespace

std::vector<EpollTarget> parse_epoll_targets(std::string_view fdinfo) {
    constexpr std::string_view kKey = " ino:";
    std::vector<EpollTarget> targets;
    std::istringstream lines{std::string(fdinfo)};
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("tfd:")) continue;
        const auto at = line.find(kKey);
        targets.push_back(
            {leading_number(std::string_view(line).substr(4)),
             at == std::string::npos ? 0 : std::strtoull(line.c_str() + at + kKey.size(), nullptr, 16)});
    }
    return targets;
}

bool Epolls::judged(const std::string& fdinfo, const Known& epoll) const {
    const auto [first, last] = known_.equal_range(fdinfo);
    return std::any_of(first, last, [&](const auto& entry) {
        const Known& other = entry.second;
        return ::syscall(SYS_kcmp, other.host_pid, epoll.host_pid, KCMP_FILE, other.fd, epoll.fd) == 0;
    });
}

void Epolls::find_in(const Task& task, int fd, Obstacles& obstacles) {
    auto fdinfo = read_file("/proc/" + std::to_string(task.host_pid) + "/fdinfo/" + std::to_string(fd));
    if (!fdinfo) return;
    const Known epoll{task.host_pid, fd};
    if (judged(*fdinfo, epoll)) return;
    std::map<int, unsigned> occurrences;
    for (const auto& [number, inode] : parse_epoll_targets(*fdinfo)) {
        if (is_open(task.host_pid, {fd, number, occurrences[number]++})) continue;
        add(obstacles, task,
            {"an epoll that watches a file which the program has closed, but another process keeps open",
             "Such a watch has no descriptor by which it could be made again.",
             "Let the program remove the file from the epoll before it closes it; restart it."},
            inode);
    }
    known_.emplace(*std::move(fdinfo), epoll);
}

}  // namespace nap::agent
