// SPDX-License-Identifier: GPL-2.0-only
#include "agent/userland/time_offset.hpp"

#include <gtest/gtest.h>

#include "base/fd.hpp"

namespace nap::agent {
namespace {

TEST(TimeOffset, OfMonotonic) {
    EXPECT_EQ(parse_time_offset("monotonic           0         0\nboottime            0         0\n"), 0);
    EXPECT_EQ(parse_time_offset("monotonic          17 500000000\nboottime           18         0\n"),
              17'500'000'000);
    EXPECT_EQ(parse_time_offset("monotonic         -18 500000000\nboottime            0         0\n"),
              -17'500'000'000);
    EXPECT_FALSE(parse_time_offset("boottime            0         0\n"));
    EXPECT_FALSE(parse_time_offset(""));
}

TEST(TimeOffset, AsThisKernelWritesIt) {
    const auto own = read_file("/proc/self/timens_offsets");
    if (!own) GTEST_SKIP() << "this kernel has no time namespaces";
    EXPECT_TRUE(parse_time_offset(*own));
}

}  // namespace
}  // namespace nap::agent
