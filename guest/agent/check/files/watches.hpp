// SPDX-License-Identifier: GPL-2.0-only
// What a process watches with inotify, and where that cannot be found again.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/check/files/mounts.hpp"
#include "agent/check/obstacle.hpp"
#include "agent/userland/tasks.hpp"

namespace nap::agent {

// Devices ("0:21") of the files watched, out of /proc/PID/fdinfo/N of an inotify descriptor.
std::vector<std::string> parse_watched_devices(std::string_view fdinfo);

// `type`: of the file system watched.
std::optional<Finding> judge_watch(std::string_view type);

// `fd`: an inotify descriptor of the task.
void find_in_watches(const Task& task, int fd, const MountTable& mounts, Obstacles& obstacles);

}  // namespace nap::agent
