// SPDX-License-Identifier: GPL-2.0-only
// Plan: what the newer kernel does with each page of the page map.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "base/units.hpp"
#include "context/carried.hpp"
#include "context/page_map.hpp"

namespace nap::context {

// One run of pages for the module; layout of struct nap_run in guest/module/nap_uapi.h.
struct Run {
    std::uint64_t address = 0;  // virtual, bytes
    std::uint64_t frame = 0;    // in the older kernel
    std::uint64_t source = 0;   // spilled runs: byte offset of the first page in the spilled bytes
    std::uint32_t pages = 0;
    std::uint32_t flags = 0;  // kRun...
    bool operator==(const Run&) const = default;
};
inline constexpr std::uint32_t kRunHuge = 1;     // pages is 512, mapped as one 2 MiB page
inline constexpr std::uint32_t kRunShared = 2;   // these frames stand in several runs: copy-on-write shared
inline constexpr std::uint32_t kRunSpilled = 4;  // frame lies in K: contents come with the plan

struct TaskPlan {
    std::int32_t pid = 0;
    std::vector<Run> runs;  // ascending by address
    bool operator==(const TaskPlan&) const = default;
};

struct Plan {
    std::vector<TaskPlan> tasks;
    std::vector<PageFrame> spilled;  // each frame of K once, ascending, in the order of their bytes
    // Pages (4 KiB each), counted per mapping: adopted + spilled_mappings + carried == total, the pages of
    // the map. Of these, adopted_huge are adopted as 2 MiB pages, shared stand in runs with kRunShared.
    std::uint64_t adopted = 0, adopted_huge = 0, shared = 0, spilled_mappings = 0, carried = 0, total = 0;
};

// Refuses (protocol) maps that name a frame outside U and K, overlap or do not ascend; (unsupported)
// swapped-out pages; (busy) other unsettled entries, which a moment later may be settled. A 2 MiB page whose
// frames are also mapped in smaller pieces, or that lies in K, becomes small runs.
Result<Plan> make_plan(const PageMap& older, const Carried& carried, FrameRange user, FrameRange kernel);

// Plan without the spilled bytes, for the agent: u32 magic "NapQ" (little endian), then varints: tasks; per
// task pid, runs; per run pages << 3 | flags, then address, frame and, where spilled, source as zigzag
// differences to where the run before ended.
std::vector<std::byte> encode(const Plan& plan);
Result<std::vector<TaskPlan>> decode(std::span<const std::byte> bytes);

}  // namespace nap::context
