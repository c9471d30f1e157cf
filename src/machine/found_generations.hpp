// SPDX-License-Identifier: GPL-2.0-only
// Generations that run without a supervisor: QEMU processes found in /proc by the command line Nap gave them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string_view>

#include "base/error.hpp"

namespace nap::machine {

struct FoundGeneration {
    pid_t pid = -1;
    std::uint64_t start_time = 0;  // field 22 of /proc/PID/stat
};

// Pure: the generation whose sockets lie in `run`/gen-N, by a command line as /proc/PID/cmdline shows it.
std::optional<int> generation_of(std::string_view command_line, const std::filesystem::path& run);

// All that live, by number. `run`: the machine's folder of sockets.
Result<std::map<int, FoundGeneration>> find_generations(const std::filesystem::path& run);

}  // namespace nap::machine
