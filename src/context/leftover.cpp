// SPDX-License-Identifier: GPL-2.0-only
#include "context/leftover.hpp"

#include <algorithm>

#include "context/mapped_frames.hpp"

namespace nap::context {

std::vector<FrameRange> leftover(const Plan& plan, FrameRange user, std::uint64_t least) {
    std::vector<FrameRange> kept;
    for (const auto& task : plan.tasks)
        for (const auto& run : task.runs)
            if ((run.flags & kRunSpilled) == 0) kept.push_back({{run.frame}, run.pages});
    kept = joined(std::move(kept));
    const auto dense = dense_blocks(kept);
    kept.insert(kept.end(), dense.begin(), dense.end());
    std::vector<FrameRange> rest;
    auto next = user.first.value;
    auto leave_up_to = [&](std::uint64_t end) {
        if (end > next && end - next >= least) rest.push_back({{next}, end - next});
    };
    for (const auto& range : joined(std::move(kept))) {
        leave_up_to(range.first.value);
        next = range.first.value + range.pages;
    }
    leave_up_to(user.first.value + user.pages);
    return rest;
}

}  // namespace nap::context
