// SPDX-License-Identifier: GPL-2.0-only
// What a guest's agent tells beside an answer is taken in as far as it makes sense.
#include "update/agent/agent_answers.hpp"

#include <gtest/gtest.h>

namespace nap::update::agent {
namespace {

TEST(StepsFrom, AnAnswerAreTaken) {
    const auto steps = steps_from(Json::parse(R"({"steps": [{"step": "capture network", "us": 1500},
                                                            {"step": "CRIU's dump", "us": 0}]})"));
    ASSERT_EQ(steps.size(), 2U);
    EXPECT_EQ(steps[0].step, "capture network");
    EXPECT_EQ(steps[0].took, std::chrono::microseconds(1500));
    EXPECT_EQ(steps[1].step, "CRIU's dump");
}

TEST(StepsFrom, AnAnswerWithoutThemAreNone) {
    for (const char* answer : {"{}", R"({"steps": 1})", R"({"steps": {}})", "[]"})
        EXPECT_TRUE(steps_from(Json::parse(answer)).empty()) << answer;
}

TEST(StepsFrom, NonsenseIsLeftOut) {
    const auto steps = steps_from(Json::parse(
        R"({"steps": [1, [], {}, {"step": "a"}, {"us": 1}, {"step": 1, "us": 1}, {"step": "a", "us": -1},
                      {"step": "a", "us": 1e30}, {"step": "a", "us": 18446744073709551615},
                      {"step": "\u001b[2J", "us": 1}]})"));
    ASSERT_EQ(steps.size(), 1U);
    EXPECT_EQ(steps[0].step.find('\x1b'), std::string::npos);
}

TEST(StepsFrom, ManyAreCutShort) {
    Json answer;
    for (int i = 0; i < 1000; ++i) answer["steps"].push_back({{"step", "a"}, {"us", 1U}});
    EXPECT_EQ(steps_from(answer).size(), 100U);
}

}  // namespace
}  // namespace nap::update::agent
