// SPDX-License-Identifier: GPL-2.0-only
// Epoll instances that watch a file which their process has closed, but another process keeps open.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agent/check/obstacle.hpp"
#include "agent/userland/tasks.hpp"

namespace nap::agent {

// A descriptor watched, and the inode of its file.
struct EpollTarget {
    int number = 0;
    std::uint64_t inode = 0;
    bool operator==(const EpollTarget&) const = default;
};
// In the order of /proc/PID/fdinfo/N; a number occurs as often as it was used anew.
std::vector<EpollTarget> parse_epoll_targets(std::string_view fdinfo);

class Epolls {
  public:
    // Tasks by ascending pid: an instance inherited from another process is judged where it came from, as
    // CRIU does. `fd`: an epoll descriptor of the task.
    void find_in(const Task& task, int fd, Obstacles& obstacles);

  private:
    struct Known {
        pid_t host_pid;
        int fd;
    };
    [[nodiscard]] bool judged(const std::string& fdinfo, const Known& epoll) const;
    std::unordered_multimap<std::string, Known> known_;  // by what their fdinfo says
};

}  // namespace nap::agent
