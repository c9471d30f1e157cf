// SPDX-License-Identifier: GPL-2.0-only
#include "context/interrupted_call.hpp"

#include <gtest/gtest.h>

namespace nap::context {
namespace {

const std::vector<InterruptedCall> kCalls = {
    {.tid = 7, .kind = kCallSleep, .clock = 1, .address = 0x7000, .time = 9},
    {.tid = 8, .kind = kCallPoll, .flags = kCallTimed, .address = 0x9000, .time = -1, .value = 3}};

TEST(InterruptedCall, ComesBackAsItWas) {
    EXPECT_EQ(decode_calls(encode(kCalls)).value(), kCalls);
    EXPECT_TRUE(decode_calls({}).value().empty());
}

TEST(InterruptedCall, RefusesOtherBytes) {
    auto bytes = encode(kCalls);
    bytes.pop_back();
    EXPECT_EQ(decode_calls(bytes).error().kind, ErrorKind::protocol);
    for (const InterruptedCall& none :
         {InterruptedCall{.tid = 0, .kind = 1}, {.tid = 1, .kind = 6}, {.tid = 1}})
        EXPECT_EQ(decode_calls(encode(std::span(&none, 1))).error().kind, ErrorKind::protocol);
}

}  // namespace
}  // namespace nap::context
