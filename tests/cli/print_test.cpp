// SPDX-License-Identifier: GPL-2.0-only
#include "cli/print.hpp"

#include <gtest/gtest.h>

namespace nap::cli {
namespace {

TEST(SentenceAndList, KeepsListsOnly) {
    EXPECT_EQ(sentence_and_list("one\ntwo:\n  a\n  b\nc \n"), "one two:\n  a\n  b c");
    EXPECT_EQ(sentence_and_list(""), "");
    EXPECT_EQ(sentence_and_list("a\x1b[2J"), "a^[[2J");
}

TEST(Duration, IsReadable) {
    EXPECT_EQ(duration_text(0), "0 ms");
    EXPECT_EQ(duration_text(749.6), "750 ms");
    EXPECT_EQ(duration_text(999.7), "1.0 s");
    EXPECT_EQ(duration_text(11'630), "11.6 s");
}

}  // namespace
}  // namespace nap::cli
