// SPDX-License-Identifier: GPL-2.0-only
#include "context/mapped_frames.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/context/small_map.hpp"

namespace nap::context {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(MappedFrames, AreThoseOfUserMemoryEachOnce) {
    const auto map = map_of({{{{0x1000}, {kU + 8}, 2, false}, {{0x9000}, {kU}, 1, false}},
                             {{{0x1000}, {kU + 9}, 3, false}, {{0x50'0000}, {4}, 1, false}}});
    EXPECT_THAT(mapped_frames(map, kTestUser), ElementsAre(FrameRange{{kU}, 1}, FrameRange{{kU + 8}, 4}));
}

TEST(MappedFrames, LeaveOutWhatReachesBeyondUserMemory) {
    const auto map =
        map_of({{{{0x1000}, {kU + kTestUser.pages - 1}, 2, false}, {{0x9000}, {kU - 1}, 2, false}}});
    EXPECT_THAT(mapped_frames(map, kTestUser), IsEmpty());
    EXPECT_THAT(mapped_frames({}, kTestUser), IsEmpty());
}

TEST(DenseBlocks, AreThoseThatAreFullEnough) {
    EXPECT_THAT(dense_blocks({}), IsEmpty());
    EXPECT_THAT(dense_blocks(std::vector<FrameRange>{{{kU + 64}, 448}}), ElementsAre(FrameRange{{kU}, 512}));
    EXPECT_THAT(dense_blocks(std::vector<FrameRange>{{{kU + 65}, 447}}), IsEmpty());
    EXPECT_THAT(dense_blocks(std::vector<FrameRange>{{{kU}, 200}, {{kU + 212}, 300}}),
                ElementsAre(FrameRange{{kU}, 512}));
}

TEST(DenseBlocks, AreJoined) {
    const std::vector<FrameRange> ranges{{{kU + 300}, 2000}};
    EXPECT_THAT(dense_blocks(ranges), ElementsAre(FrameRange{{kU + 512}, 1536}));
    EXPECT_THAT(dense_blocks(ranges, 1), ElementsAre(FrameRange{{kU}, 2560}));
}

}  // namespace
}  // namespace nap::context
