// SPDX-License-Identifier: GPL-2.0-only
// Generations that run without a supervisor: QEMU processes found in /proc by the command line Nap gave them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "machine/definition/accelerator.hpp"
#include "machine/definition/paths.hpp"

namespace nap::machine {

struct FoundGeneration {
    pid_t pid = -1;
    std::uint64_t start_time = 0;  // field 22 of /proc/PID/stat
    Accelerator accelerator = Accelerator::tcg;
};

// Pure: the number of the machine's generation, by a command line as /proc/PID/cmdline shows it.
std::optional<int> generation_of(std::string_view command_line, std::string_view machine);

// Pure: what it was started with.
Accelerator accelerator_of(std::string_view command_line);

// All that live, by number: each writes its log into its folder of the machine's.
Result<std::map<int, FoundGeneration>> find_generations(const std::string& machine,
                                                        const MachinePaths& paths);

}  // namespace nap::machine
