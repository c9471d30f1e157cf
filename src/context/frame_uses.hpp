// SPDX-License-Identifier: GPL-2.0-only
// Frame uses: how often each page frame is mapped, and where only by the 2 MiB.
#pragma once

#include <cstdint>
#include <vector>

#include "base/units.hpp"
#include "context/page_map.hpp"

namespace nap::context {

class FrameUses {
  public:
    explicit FrameUses(FrameRange range);

    // `mapping` lies within the range.
    void add(const Mapping& mapping);

    [[nodiscard]] bool used(PageFrame frame) const { return count_[index(frame)] != 0; }
    [[nodiscard]] bool shared(PageFrame frame) const { return count_[index(frame)] > 1; }
    // Whether some piece smaller than 2 MiB maps a frame of the 2 MiB that begin with `first`.
    [[nodiscard]] bool cut(PageFrame first) const { return cut_[group(first)]; }

  private:
    [[nodiscard]] std::uint64_t index(PageFrame frame) const { return frame.value - range_.first.value; }
    [[nodiscard]] std::uint64_t group(PageFrame frame) const {
        return frame.value / kHugePagePages - range_.first.value / kHugePagePages;
    }

    FrameRange range_;
    std::vector<std::uint8_t> count_;  // 0, 1, 2: more than one
    std::vector<bool> cut_;            // by 2 MiB
};

}  // namespace nap::context
