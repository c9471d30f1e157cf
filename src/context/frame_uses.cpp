// SPDX-License-Identifier: GPL-2.0-only
// Frame uses: how often each page frame is mapped, and where only by the 2 MiB.
#include "context/frame_uses.hpp"

#include <algorithm>
#include <span>

namespace nap::context {

FrameUses::FrameUses(FrameRange range)
    : range_(range),
      count_(range.pages),
      cut_(range.pages == 0 ? 0 : group({range.first.value + range.pages - 1}) + 1) {}

void FrameUses::add(const Mapping& mapping) {
    for (auto& count : std::span(count_).subspan(index(mapping.frame), mapping.pages))
        count = static_cast<std::uint8_t>(count == 0 ? 1 : 2);
    if (mapping.huge) return;
    for (auto at = group(mapping.frame); at <= group({mapping.frame.value + mapping.pages - 1}); ++at)
        cut_[at] = true;
}

}  // namespace nap::context
