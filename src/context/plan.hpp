// SPDX-License-Identifier: GPL-2.0-only
// Plan: what the newer kernel does with each page of the page map, and the proof afterwards that it did.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "base/units.hpp"
#include "context/page_map.hpp"

namespace nap::context {

// Pages whose contents CRIU's images carry (its pagemap-PID.img), by process.
struct AddressRange {
    VirtualAddress first;
    std::uint64_t pages = 0;
};
using Carried = std::map<std::int32_t, std::vector<AddressRange>>;

// Reads one pagemap-PID.img (CRIU's magic, then length-prefixed protobuf messages). Untrusted bytes.
Result<std::vector<AddressRange>> read_criu_pagemap(std::span<const std::byte> image);

// One run of pages for the module; layout of struct nap_run in guest/module/nap_uapi.h.
struct Run {
    std::uint64_t address = 0;  // virtual, bytes
    std::uint64_t frame = 0;    // in the older kernel
    std::uint64_t source = 0;   // spilled runs: byte offset of the first page in the spilled bytes
    std::uint32_t pages = 0;
    std::uint32_t flags = 0;    // kRun...
};
inline constexpr std::uint32_t kRunHuge = 1;     // pages is 512, mapped as one 2 MiB page
inline constexpr std::uint32_t kRunShared = 2;   // these frames stand in several runs: copy-on-write shared
inline constexpr std::uint32_t kRunSpilled = 4;  // frame lies in K: contents come with the plan

struct TaskPlan {
    std::int32_t pid = 0;
    std::vector<Run> runs;
};

struct Plan {
    std::vector<TaskPlan> tasks;
    std::vector<PageFrame> spilled;  // each frame of K once, in the order of their bytes
    // Pages (4 KiB each), counted per mapping: adopted + spilled_mappings + carried == pages of the map.
    std::uint64_t adopted = 0, adopted_huge = 0, shared = 0, spilled_mappings = 0, carried = 0, total = 0;
};

// Refuses (protocol) maps that name a frame outside U and K, or overlap; a huge frame shared with a small one and a
// huge page in K become small runs.
Result<Plan> make_plan(const PageMap& older, const Carried& carried, FrameRange user, FrameRange kernel);

// The page map of the restored, still frozen tasks must equal the older one: the same frame at every adopted
// address, some frame outside what others adopted at every spilled and carried address, nothing else.
// The error names the first difference (pid, address, frames).
Result<> verify(const PageMap& older, const PageMap& newer, const Carried& carried, FrameRange user);

// Plan without the spilled bytes, for the agent: u32 magic "NapP", u32 tasks, then per task i32 pid, u32 runs,
// runs of 32 bytes.
std::vector<std::byte> encode(const Plan& plan);
Result<std::vector<TaskPlan>> decode(std::span<const std::byte> bytes);

}  // namespace nap::context
