// SPDX-License-Identifier: GPL-2.0-only
// Areas: the virtual memory areas (VMAs) that CRIU recreates, the vdso's apart. Each kernel brings its own
// vdso; where processes still use that of an earlier kernel, CRIU carries it along as a copy, and drops the
// copy when it comes back to that kernel; where it lays the present one aside it marks it, which makes a
// private page (criu/vdso.c). Such pages are neither adopted nor expected.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "context/carried.hpp"
#include "context/page_map.hpp"

namespace nap::context {

// By process: ascending ranges that do not overlap; adjacent areas are one range.
using Areas = std::map<std::int32_t, std::vector<AddressRange>>;

// Reads one mm-PID.img (images/mm.proto, images/vma.proto). Untrusted bytes.
Result<std::vector<AddressRange>> read_criu_areas(std::span<const std::byte> image);

// Takes the pages outside of the areas out of the map and counts them as special. More than kVdsoPages of
// them in one process are no vdso: refused (protocol), as is a process without areas that has pages.
inline constexpr std::uint64_t kVdsoPages = 16;
Result<> leave_out_vdso(PageMap& map, const Areas& areas);

}  // namespace nap::context
