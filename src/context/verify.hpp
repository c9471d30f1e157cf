// SPDX-License-Identifier: GPL-2.0-only
// Verification: the proof, before commit, that the newer kernel's tasks have the older's pages, and no
// others.
#pragma once

#include <cstdint>

#include "base/error.hpp"
#include "base/units.hpp"
#include "context/carried.hpp"
#include "context/page_map.hpp"

namespace nap::context {

// Pages (4 KiB each), counted per mapping of the older map: adopted + copied + spilled + carried == its
// pages.
struct Verified {
    std::uint64_t adopted = 0;  // the same frame
    std::uint64_t copied = 0;   // was in U, shared, and has become a page of its own (nap_adopt.pages_copied)
    std::uint64_t spilled = 0;  // was in K, is a fresh page
    std::uint64_t carried = 0;  // CRIU's
    std::uint64_t appeared = 0;  // not of the older map: CRIU's too
    bool operator==(const Verified&) const = default;
};

// `older` is the map after the stop, `newer` that of the restored tasks, still frozen and never run, while
// all of U is withheld; so a fresh page (one that the newer kernel has allocated) lies outside of U. Then
// - both maps have the same processes, and no unsettled entries in the newer one;
// - where CRIU carries nothing, both map the same addresses, and
//   - at a frame in U the newer maps the same frame (by 4 KiB or by 2 MiB), or, if the older maps that frame
//   more than
//     once, a fresh page: the module copies where it cannot share in place;
//   - at a frame outside U the newer maps a fresh page, and one fresh page stands for one older frame only;
// - where CRIU carries pages, the newer maps a fresh page wherever the older maps one, and may map fresh
// pages besides
//   (CRIU also carries pages that the page map does not hold, such as those of the vdso).
// The first violation is an error (protocol) that names process, address and frames.
Result<Verified> verify(const PageMap& older, const PageMap& newer, const Carried& carried, FrameRange user);

}  // namespace nap::context
