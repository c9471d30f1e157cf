// SPDX-License-Identifier: GPL-2.0-only
// Files in use that have lost their name.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/check/obstacle.hpp"

namespace nap::agent {

inline constexpr std::uint64_t kGhostLimitMiB = 64;  // what CRIU copies of a deleted file at most

// `path`: as a link in /proc/PID/fd shows it. False for what never had a name, such as memory files.
bool is_deleted(std::string_view path);

// A regular file of the root disk goes over with the disk, of whatever size.
bool on_root_disk(const struct stat& information);
// One of another file system.
std::optional<Finding> judge_deleted(std::string_view path, const struct stat& information);

}  // namespace nap::agent
