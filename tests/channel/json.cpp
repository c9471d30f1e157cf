// SPDX-License-Identifier: GPL-2.0-only
#include "channel/json.hpp"

#include <gtest/gtest.h>

#include "base/fd.hpp"

using namespace nap;
using namespace nap::channel;

namespace {

TEST(PeerJson, DepthIsBounded) {
    EXPECT_TRUE(parse_json(as_bytes(std::string(64, '[') + std::string(64, ']'))));
    EXPECT_FALSE(parse_json(as_bytes(std::string(65, '[') + std::string(65, ']'))));
    EXPECT_FALSE(parse_json(as_bytes(std::string(1'000'000, '['))));
    EXPECT_TRUE(parse_json(as_bytes("\"" + std::string(1000, '[') + "\\\"[[\"")));
}

TEST(PeerJson, NonsenseIsAnErrorNotAnException) {
    for (auto text : {"", "{", "{\"a\":}", "nul", "\"\xff\"", "1e999999", "{} {}"})
        EXPECT_FALSE(parse_json(as_bytes(text))) << text;
}

TEST(PeerJson, BytesThatAreNotUtf8AreReplaced) {
    EXPECT_EQ(dump_json("a\xff"), "\"a\uFFFD\"");
}

TEST(PeerJson, RepliesRoundTrip) {
    EXPECT_EQ(reply_from_json(reply_to_json(Json{{"a", 1}})), (Json{{"a", 1}}));
    auto failed = reply_from_json(reply_to_json(fail(ErrorKind::refused, "no")));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().kind, ErrorKind::refused);
    EXPECT_EQ(failed.error().message, "no");
    for (Json bad :
         {Json(1), Json::object(), Json{{"error", 1}}, Json{{"error", {{"kind", 1}, {"message", "x"}}}}})
        EXPECT_EQ(reply_from_json(bad).error().kind, ErrorKind::protocol) << bad;
}

}  // namespace
