// SPDX-License-Identifier: GPL-2.0-only
// Sizes of K and U.
#include "machine/definition/layout.hpp"

#include <gtest/gtest.h>

namespace nap::machine {
namespace {

TEST(Layout, KernelMemoryDefaultsToAQuarterButAtLeast512MiB) {
    EXPECT_EQ(lay_out(kGiB, {})->kernel_memory, 512 * kMiB);
    EXPECT_EQ(lay_out(4 * kGiB, {})->kernel_memory, kGiB);
    EXPECT_EQ(lay_out(128 * kMiB, {})->kernel_memory, 512 * kMiB);
    EXPECT_EQ(lay_out(64 * kGiB, {})->kernel_memory, kLargestKernelMemory);
    // A quarter of this is no multiple of a memory block
    EXPECT_EQ(lay_out(2 * kGiB + kMemoryBlock, {})->kernel_memory % kMemoryBlock, 0U);
}

TEST(Layout, EveryAllowedUserMemoryHasADefault) {
    for (auto user = kMemoryBlock; user <= kLargestUserMemory; user += kMemoryBlock) {
        auto layout = lay_out(user, {});
        ASSERT_TRUE(layout) << user;
        ASSERT_GE(layout->kernel_memory, least_kernel_memory(user));
        ASSERT_LE(layout->kernel_memory, kLargestKernelMemory);
    }
}

TEST(Layout, FramesOfUserMemoryBeginAt4GiB) {
    auto layout = lay_out(kGiB, 256 * kMiB);
    ASSERT_TRUE(layout);
    EXPECT_EQ(layout->user_frames(), (FrameRange{{0x100000}, 262144}));
    EXPECT_EQ(layout->kernel_frames(), (FrameRange{{0}, 65536}));
}

TEST(Layout, RefusesSizesThatCannotWork) {
    struct {
        std::uint64_t user;
        std::optional<std::uint64_t> kernel;
    } wrong[] = {{0, {}},
                 {1, {}},
                 {127 * kMiB, {}},
                 {kGiB + kMiB, {}},
                 {kLargestUserMemory + kMemoryBlock, {}},
                 {~0ULL, {}},
                 {1ULL << 63, {}},
                 {kGiB, 0},
                 {kGiB, 128 * kMiB},
                 {kGiB, 300 * kMiB},
                 {kGiB, kLargestKernelMemory + kMemoryBlock},
                 {kGiB, ~0ULL},
                 {64 * kGiB, 512 * kMiB}};
    for (auto [user, kernel] : wrong) {
        auto layout = lay_out(user, kernel);
        ASSERT_FALSE(layout) << user << " " << kernel.value_or(0);
        EXPECT_EQ(layout.error().kind, ErrorKind::usage);
        EXPECT_NE(layout.error().message.find("multiple of 128 MiB"), std::string::npos);
    }
}

}  // namespace
}  // namespace nap::machine
