// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/obstacle.hpp"

#include <gtest/gtest.h>

namespace nap::agent {
namespace {

TEST(Lasting, AreObstaclesThatWereThereBefore) {
    const Obstacles before = {{7, "a", {"3 KiB", "swapped", ""}}, {8, "b", {"x", "ending", ""}}};
    const Obstacles now = {
        {7, "a", {"4 KiB", "swapped", ""}}, {9, "b", {"x", "ending", ""}}, {7, "a", {"y", "traced", ""}}};
    const auto kept = lasting(before, now);
    ASSERT_EQ(kept.size(), 1U);
    EXPECT_EQ(kept[0].finding.what, "4 KiB");
    EXPECT_TRUE(lasting({}, now).empty());
    EXPECT_TRUE(lasting(before, {}).empty());
}

TEST(Lasting, AreObstaclesAtTheSameThing) {
    const Task server{.pid = 7, .name = "server"};
    const Finding closed{"a closed file", "closed", ""};
    Obstacles before, now;
    for (const std::uint64_t inode : {1, 2}) add(before, server, closed, inode);
    for (const std::uint64_t inode : {3, 4}) add(now, server, closed, inode);
    EXPECT_TRUE(lasting(before, now).empty());
    add(now, server, closed, 2);
    ASSERT_EQ(now.size(), 1U);
    EXPECT_EQ(lasting(before, now).size(), 1U);
}

}  // namespace
}  // namespace nap::agent
