// SPDX-License-Identifier: GPL-2.0-only
// Undo values: what a process's end adds to System V semaphores (SEM_UNDO), which no interface tells.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "agent/kernel_memory/running_kernel.hpp"

namespace nap::agent {

struct UndoValue {
    pid_t pid = 0;  // in the userland
    std::int32_t set = 0;
    std::uint32_t semaphore = 0;
    std::int32_t value = 0;
};

// `sets`: how many semaphores each set has, by id. Zeros are left out.
Result<std::vector<UndoValue>> read_undo_values(const RunningKernel& kernel,
                                                const std::map<std::int32_t, std::uint32_t>& sets);

}  // namespace nap::agent
