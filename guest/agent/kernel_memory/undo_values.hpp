// SPDX-License-Identifier: GPL-2.0-only
// Undo values: what a process's end adds to System V semaphores (SEM_UNDO), which no interface tells.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "agent/kernel_memory/kernel_pass.hpp"

namespace nap::agent {

struct UndoValue {
    pid_t pid = 0;  // in the userland
    std::int32_t set = 0;
    std::uint32_t semaphore = 0;
    std::int32_t value = 0;
};

// Of a process, or of those of its threads that share it: ids are of the IPC namespace it is in.
struct UndoList {
    pid_t pid = 0;  // in the userland
    std::uint64_t address = 0;
};
// What the first call needs, made beforehand: it takes a while.
Result<> prepare_undo_lists();
// Of all of the userland.
Result<std::vector<UndoList>> find_undo_lists();

// `sets`: how many semaphores each set of its namespace has, by id. Zeros are left out.
Result<std::vector<UndoValue>> read_undo_list(const RunningKernel& kernel, const UndoList& list,
                                              const std::map<std::int32_t, std::uint32_t>& sets);

}  // namespace nap::agent
