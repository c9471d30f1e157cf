// SPDX-License-Identifier: GPL-2.0-only
#include "base/text.hpp"

#include <gtest/gtest.h>

TEST(TakeUntil, TakesPieceByPiece) {
    std::string_view rest = "one\n\ntwo";
    EXPECT_EQ(nap::take_until(rest, '\n'), "one");
    EXPECT_EQ(nap::take_until(rest, '\n'), "");
    EXPECT_EQ(nap::take_until(rest, '\n'), "two");
    EXPECT_TRUE(rest.empty());
    EXPECT_EQ(nap::take_until(rest, '\n'), "");
}
