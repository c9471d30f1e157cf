// SPDX-License-Identifier: GPL-2.0-only
#include "update/recovery/phase.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace nap::update {
namespace {

const std::vector<Step> kAll = {Step::begun,    Step::prepared,  Step::frozen,  Step::captured,
                                Step::restored, Step::committed, Step::settled, Step::rolled_back};

TEST(Phase, StepsComeInOrder) {
    for (std::size_t i = 0; i + 1 < kAll.size() - 1; ++i) EXPECT_TRUE(may_follow(kAll[i], kAll[i + 1]));
    EXPECT_FALSE(may_follow(Step::begun, Step::frozen));
    EXPECT_FALSE(may_follow(Step::frozen, Step::prepared));
    EXPECT_FALSE(may_follow(Step::captured, Step::captured));
    EXPECT_FALSE(may_follow(Step::prepared, Step::committed));
}

TEST(Phase, RollsBackFromEveryStepThatIsNotFinal) {
    for (Step step : kAll) EXPECT_EQ(may_follow(step, Step::rolled_back), !is_final(step));
}

TEST(Phase, NothingFollowsAFinalStep) {
    for (Step to : kAll) {
        EXPECT_FALSE(may_follow(Step::settled, to));
        EXPECT_FALSE(may_follow(Step::rolled_back, to));
    }
}

TEST(Phase, NamesReadBack) {
    for (Step step : kAll) EXPECT_EQ(step_from(to_string(step)), step);
    EXPECT_EQ(step_from("no such step"), std::nullopt);
}

}  // namespace
}  // namespace nap::update
