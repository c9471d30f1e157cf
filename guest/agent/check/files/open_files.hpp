// SPDX-License-Identifier: GPL-2.0-only
// Open files of a process that CRIU cannot carry: kinds of descriptors, devices, files that no path leads to.
#pragma once

#include <map>
#include <optional>
#include <string_view>
#include <unordered_set>

#include "agent/check/files/descriptors.hpp"
#include "agent/check/files/epolls.hpp"
#include "agent/check/files/mounts.hpp"
#include "agent/check/obstacle.hpp"
#include "agent/userland/tasks.hpp"

namespace nap::agent {

// By the text of /proc/PID/fd/N.
std::optional<Finding> judge_link(std::string_view link);

// An open device node. `character`: else a block device.
std::optional<Finding> judge_device(bool character, unsigned major, unsigned minor);

// `place`: that of the file's mount.
std::optional<Finding> judge_place(std::string_view path, Place place);

// "mnt_id:" of /proc/PID/fdinfo/N; nothing where there is none.
std::optional<int> parse_mount_id(std::string_view fdinfo);

// What open files of all tasks are judged by; each file once, however many descriptors refer to it.
struct Surroundings {
    MountTable mounts;
    Epolls epolls;
    std::unordered_set<FileId, FileIdHash> harmless = {};
    std::map<FileId, Finding> refused = {};
};

// Descriptors, working and root directory. Tasks by ascending pid.
void find_in_open_files(const Task& task, Surroundings& surroundings, Obstacles& obstacles);

}  // namespace nap::agent
