// SPDX-License-Identifier: GPL-2.0-only
#include "context/mapped_frames.hpp"

#include <algorithm>

namespace nap::context {

std::vector<FrameRange> joined(std::vector<FrameRange> ranges) {
    std::ranges::sort(ranges);
    std::vector<FrameRange> out;
    for (const auto& range : ranges) {
        const auto end = range.first.value + range.pages;
        if (out.empty() || range.first.value > out.back().first.value + out.back().pages)
            out.push_back(range);
        else
            out.back().pages = std::max(out.back().pages, end - out.back().first.value);
    }
    return out;
}

std::vector<FrameRange> mapped_frames(const PageMap& map, FrameRange user) {
    std::vector<FrameRange> ranges;
    for (const auto& task : map.tasks)
        for (const auto& mapping : task.mappings)
            if (user.contains(mapping.frame, mapping.pages)) ranges.push_back({mapping.frame, mapping.pages});
    return joined(std::move(ranges));
}

std::vector<FrameRange> dense_blocks(std::span<const FrameRange> ranges, std::uint64_t least) {
    std::vector<FrameRange> dense;
    std::uint64_t block = 0, used = 0;
    const auto close = [&] {
        if (used >= least) dense.push_back({{block * kHugePagePages}, kHugePagePages});
        used = 0;
    };
    for (const auto& range : ranges) {
        const auto end = range.first.value + range.pages;
        for (auto at = range.first.value; at < end;) {
            if (at / kHugePagePages != block) close();
            block = at / kHugePagePages;
            const auto next = std::min(end, (block + 1) * kHugePagePages);
            used += next - at;
            at = next;
        }
    }
    close();
    return joined(std::move(dense));
}

}  // namespace nap::context
