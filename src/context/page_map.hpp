// SPDX-License-Identifier: GPL-2.0-only
// Page map: per process, virtual address -> page frame of each page it owns privately (anonymous pages,
// copied-on-write file pages), as the kernel's page tables say.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/units.hpp"

namespace nap::context {

inline constexpr VirtualAddress kUserSpaceEnd{1ULL << 56};  // with 5-level page tables

// `pages` pages from `address` on lie in `pages` frames from `frame` on. A run mapped as 2 MiB pages has
// huge = true, whole 2 MiB pages and 2 MiB alignment of both.
struct Mapping {
    VirtualAddress address;
    PageFrame frame;
    std::uint64_t pages = 0;
    bool huge = false;
    bool operator==(const Mapping&) const = default;
    [[nodiscard]] VirtualAddress end() const { return {address.value + pages * kPageSize}; }
    // `count` of its pages from its page `first` on; huge as it is, where they are whole 2 MiB pages.
    [[nodiscard]] Mapping part(std::uint64_t first, std::uint64_t count) const;
};

struct TaskMap {
    std::int32_t pid = 0;           // in the machine's PID namespace
    std::int32_t host_pid = 0;      // in the guest's initial PID namespace
    std::string name;               // comm
    std::vector<Mapping> mappings;  // ascending, not overlapping
    bool operator==(const TaskMap&) const = default;
};

struct PageMap {
    std::vector<TaskMap> tasks;  // ascending by pid
    // Pages seen and not in the map: of files (page cache), of shared memory, special (zero page, vdso).
    std::uint64_t file_pages = 0, shared_memory_pages = 0, special_pages = 0;
    // Page table entries that are neither empty nor present (migration in progress, swapped out, markers).
    std::uint64_t unsettled = 0;
    std::uint64_t swapped = 0;  // of these: swapped out
    bool operator==(const PageMap&) const = default;
};

// Refuses (protocol) maps whose tasks or mappings do not ascend or overlap, whose addresses no process can
// have, or whose huge mappings are not aligned.
Result<> check(const PageMap& map);

// "process PID (NAME)", for messages.
std::string describe(const TaskMap& task);

}  // namespace nap::context
