// SPDX-License-Identifier: GPL-2.0-only
// Page map: per process, virtual address -> page frame of each page it owns privately (anonymous pages,
// copied-on-write file pages), as the kernel's page tables say.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/units.hpp"

namespace nap::context {

// `pages` pages from `address` on lie in `pages` frames from `frame` on. A run mapped as 2 MiB pages has
// huge = true, whole 2 MiB pages and 2 MiB alignment of both.
struct Mapping {
    VirtualAddress address;
    PageFrame frame;
    std::uint64_t pages = 0;
    bool huge = false;
    bool operator==(const Mapping&) const = default;
};

struct TaskMap {
    std::int32_t pid = 0;       // in the machine's PID namespace
    std::int32_t host_pid = 0;  // in the guest's initial PID namespace
    std::string name;           // comm
    std::vector<Mapping> mappings;  // ascending, not overlapping
};

struct PageMap {
    std::vector<TaskMap> tasks;    // ascending by pid
    // Pages seen and not in the map: of files (page cache), of shared memory, special (zero page, vdso).
    std::uint64_t file_pages = 0, shared_memory_pages = 0, special_pages = 0;
    // Page table entries that are neither empty nor present (migration in progress, swapped out, markers).
    std::uint64_t unsettled = 0;
    std::uint64_t swapped = 0;     // of these: swapped out
};

}  // namespace nap::context
