// SPDX-License-Identifier: GPL-2.0-only
#include "cli/duration.hpp"

#include <gtest/gtest.h>

namespace nap::cli {
namespace {

using namespace std::chrono_literals;

TEST(Duration, WithItsUnit) {
    EXPECT_EQ(parse_duration("--max-pause", "10s"), 10s);
    EXPECT_EQ(parse_duration("--max-pause", "500ms"), 500ms);
    EXPECT_EQ(parse_duration("--max-pause", "1.5s"), 1500ms);
    EXPECT_EQ(parse_duration("--max-pause", "2m"), 2min);
    EXPECT_EQ(parse_duration("--max-pause", "60m"), 1h);
}

TEST(Duration, AnythingElseIsAUsageError) {
    for (const char* text : {"", "10", "s", "-1s", "0s", "0.4ms", "61m", "10 s", "10S", "1e3s", "nan s",
                             "infs", "10ss", "0x10s", "1s ", "99999999999999999999s"}) {
        const auto parsed = parse_duration("--max-pause", text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().kind, ErrorKind::usage);
        EXPECT_NE(parsed.error().message.find("--max-pause"), std::string::npos);
    }
}

}  // namespace
}  // namespace nap::cli
