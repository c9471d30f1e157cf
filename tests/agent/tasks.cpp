// SPDX-License-Identifier: GPL-2.0-only
#include "agent/userland/tasks.hpp"

#include <gtest/gtest.h>

namespace nap::agent {
namespace {

constexpr const char* kRedis =
    "Name:\tredis-server\nUmask:\t0077\nState:\tS (sleeping)\nTgid:\t94\nPid:\t94\nPPid:\t91\nTracerPid:\t7\n"
    "NSpid:\t94\t4\nVmLck:\t      12 kB\nVmSwap:\t       8 kB\nHugetlbPages:\t    2048 kB\nThreads:\t5\n";

TEST(ParseStatus, ReadsAProcessOfTheUserland) {
    const auto task = parse_status(kRedis);
    ASSERT_TRUE(task);
    EXPECT_EQ(task->pid, 4);
    EXPECT_EQ(task->host_pid, 94);
    EXPECT_EQ(task->depth, 1);
    EXPECT_EQ(task->name, "redis-server");
    EXPECT_EQ(task->state, 'S');
    EXPECT_EQ(task->tracer, 7);
    EXPECT_EQ(task->threads, 5);
    EXPECT_EQ(task->swapped_kib, 8u);
    EXPECT_EQ(task->huge_kib, 2048u);
}

TEST(ParseStatus, LeavesOutTheAgentsOwnAndKernelThreads) {
    EXPECT_FALSE(parse_status("Name:\tkthreadd\nState:\tS (sleeping)\nNSpid:\t2\nThreads:\t1\n"));
    EXPECT_FALSE(parse_status(""));
    EXPECT_FALSE(parse_status("Name:\tx\n"));
}

TEST(ParseStatus, TakesTheMachinesPidOfANestedContainersProcess) {
    const auto task = parse_status("Name:\tsh\nState:\tR (running)\nNSpid:\t200\t17\t1\n");
    ASSERT_TRUE(task);
    EXPECT_EQ(task->pid, 17);
    EXPECT_EQ(task->depth, 2);
}

TEST(ParseStatus, KeepsANameWithColonsAndSpaces) {
    const auto task = parse_status("Name:\tkworker: a b\nState:\tS\nNSpid:\t9\t3\n");
    ASSERT_TRUE(task);
    EXPECT_EQ(task->name, "kworker: a b");
}

}  // namespace
}  // namespace nap::agent
