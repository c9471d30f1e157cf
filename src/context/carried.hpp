// SPDX-License-Identifier: GPL-2.0-only
// Carried: the pages whose contents CRIU's images carry, which therefore are not adopted.
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

struct AddressRange {
    VirtualAddress first;
    std::uint64_t pages = 0;
    bool operator==(const AddressRange&) const = default;
    [[nodiscard]] VirtualAddress end() const { return {first.value + pages * kPageSize}; }
    [[nodiscard]] bool in_user_space() const;  // page aligned, not empty, addresses a process can have
};

// By process: ascending ranges that do not overlap.
using Carried = std::map<std::int32_t, std::vector<AddressRange>>;

// Reads one pagemap-PID.img of CRIU 3.0 or later (images/pagemap.proto). Untrusted bytes; refuses (protocol)
// images that lean on a parent image or on pages sent later.
Result<std::vector<AddressRange>> read_criu_pagemap(std::span<const std::byte> image);

// Refuses (protocol) ranges that do not ascend, overlap or are no addresses of a process.
Result<> check(const Carried& carried);

// A process's mappings, cut at the borders of what is carried. A 2 MiB page that is cut falls into small
// pieces.
struct Split {
    std::vector<Mapping> adopted;  // outside of the carried ranges
    std::vector<Mapping> carried;
};
Split split(const TaskMap& task, const Carried& carried);

}  // namespace nap::context
