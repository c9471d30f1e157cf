// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/processes/threads.hpp"

#include <gtest/gtest.h>
#include <sched.h>

namespace nap::agent {
namespace {

TEST(JudgeScheduling, KnowsWhatCriuCarries) {
    for (const int policy :
         {SCHED_OTHER, SCHED_FIFO, SCHED_RR | SCHED_RESET_ON_FORK, SCHED_BATCH, SCHED_IDLE})
        EXPECT_FALSE(judge_scheduling(policy)) << policy;
    constexpr int kDeadline = 6, kExtensible = 7;
    EXPECT_TRUE(judge_scheduling(kDeadline));
    EXPECT_TRUE(judge_scheduling(kExtensible));
}

}  // namespace
}  // namespace nap::agent
