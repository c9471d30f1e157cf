// SPDX-License-Identifier: GPL-2.0-only
#include "base/number.hpp"

#include <gtest/gtest.h>

#include <cstdint>

using namespace nap;

namespace {

TEST(ParseNumber, TakesAllOfTheText) {
    EXPECT_EQ(parse_number<int>("47"), 47);
    EXPECT_EQ(parse_number<int>("-1"), -1);
    for (auto text : {"", " 47", "47 ", "4x", "99999999999"}) EXPECT_FALSE(parse_number<int>(text)) << text;
}

TEST(LeadingNumber, TakesWhatTheTextBeginsWith) {
    EXPECT_EQ(leading_number("        5 events:       19"), 5);
    EXPECT_EQ(leading_number("\t28\n"), 28);
    EXPECT_EQ(leading_number<std::int64_t>("9000000000"), 9'000'000'000);
    for (auto text : {"", "   ", "x1", "9000000000"}) EXPECT_EQ(leading_number(text), 0) << text;
}

}  // namespace
