// SPDX-License-Identifier: GPL-2.0-only
#include "context/leftover.hpp"

#include <algorithm>

namespace nap::context {

std::vector<FrameRange> leftover(const Plan& plan, FrameRange user, std::uint64_t least) {
    std::vector<FrameRange> adopted;
    for (const auto& task : plan.tasks)
        for (const auto& run : task.runs)
            if ((run.flags & kRunSpilled) == 0) adopted.push_back({{run.frame}, run.pages});
    std::ranges::sort(adopted);
    std::vector<FrameRange> rest;
    auto next = user.first.value;
    auto leave_up_to = [&](std::uint64_t end) {
        if (end > next && end - next >= least) rest.push_back({{next}, end - next});
    };
    for (const auto& range : adopted) {
        leave_up_to(range.first.value);
        next = std::max(next, range.first.value + range.pages);
    }
    leave_up_to(user.first.value + user.pages);
    return rest;
}

}  // namespace nap::context
