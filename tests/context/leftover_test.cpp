// SPDX-License-Identifier: GPL-2.0-only
#include "context/leftover.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/context/random_map.hpp"
#include "tests/context/small_map.hpp"

namespace nap::context {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kEnd = kU + kTestUser.pages;

Plan plan_of(const PageMap& map) {
    return make_plan(map, {}, kTestUser, kTestKernel).value();
}

TEST(Leftover, IsAllOfUserMemoryWhereNothingIsAdopted) {
    EXPECT_THAT(leftover({}, kTestUser, 1), ElementsAre(kTestUser));
}

TEST(Leftover, LiesBetweenWhatIsAdopted) {
    const auto plan =
        plan_of(map_of({{{{0x1000}, {kU + 4}, 3, false}, {{0x9000}, {kU}, 1, false}},
                        {{{0x20'0000}, {kU + 512}, 512, true}, {{0x50'0000}, {kU + 4}, 1, false}}}));
    EXPECT_THAT(leftover(plan, kTestUser, 1), ElementsAre(FrameRange{{kU + 1}, 3}, FrameRange{{kU + 7}, 505},
                                                          FrameRange{{kU + 1024}, kEnd - kU - 1024}));
    EXPECT_THAT(leftover(plan, kTestUser, 4),
                ElementsAre(FrameRange{{kU + 7}, 505}, FrameRange{{kU + 1024}, kEnd - kU - 1024}));
}

TEST(Leftover, IsNothingWhereAllIsAdopted) {
    const auto plan = plan_of(map_of({{{{0x20'0000}, {kU}, kTestUser.pages, false}}}));
    EXPECT_THAT(leftover(plan, kTestUser, 1), IsEmpty());
}

TEST(Leftover, LeavesAlmostFullBlocksWhole) {
    const auto full = [](std::uint64_t pages) {
        return plan_of(map_of({{{{0x20'0000}, {kU + 512}, pages, false}}}));
    };
    const FrameRange before{{kU}, 512};
    EXPECT_THAT(leftover(full(448), kTestUser, 1),
                ElementsAre(before, FrameRange{{kU + 1024}, kEnd - kU - 1024}));
    EXPECT_THAT(leftover(full(447), kTestUser, 1),
                ElementsAre(before, FrameRange{{kU + 959}, kEnd - kU - 959}));
}

// Whatever the map: a frame is adopted or left over, never both; or it lies in a block that is almost full.
TEST(Leftover, AndWhatIsAdoptedAreAllOfUserMemory) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        const auto plan = plan_of(RandomMap(seed).map);
        std::set<std::uint64_t> frames;
        for (const auto& task : plan.tasks)
            for (const auto& run : task.runs)
                for (std::uint64_t i = 0; (run.flags & kRunSpilled) == 0 && i < run.pages; ++i)
                    frames.insert(run.frame + i);
        auto sum = frames.size();
        for (const auto& range : leftover(plan, kTestUser, 1)) {
            sum += range.pages;
            const auto inside = frames.lower_bound(range.first.value);
            EXPECT_TRUE(inside == frames.end() || *inside >= range.first.value + range.pages);
        }
        EXPECT_LE(sum, kTestUser.pages);
        EXPECT_LE(kTestUser.pages - sum, frames.size() / 7);
    }
}

}  // namespace
}  // namespace nap::context
