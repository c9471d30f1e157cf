// SPDX-License-Identifier: GPL-2.0-only
#include "context/connection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nap::context {
namespace {

std::vector<Connection> two() {
    std::vector<Connection> connections(2);
    Connection& first = connections[0];
    first.kind = Connection::Kind::unowned;
    first.state = 4;
    first.local[10] = first.local[11] = first.remote[10] = first.remote[11] = std::byte{0xff};
    first.local_port = 80;
    first.remote_port = 0xfedc;
    first.scaling = first.timestamps = true;
    first.send_scale = 7;
    first.send_next = 0xffff'fff0;
    first.receive_window_at = 5;
    first.data = {std::byte{1}, std::byte{2}};
    connections[1].six = true;
    return connections;
}

TEST(Connection, TravelsWhole) {
    const auto connections = two();
    const auto again = decode_connections(encode(connections));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(*again, connections);
    EXPECT_TRUE(is_mapped(again->front().local));
    EXPECT_FALSE(is_mapped(again->back().local));
}

TEST(Connection, CutOffAtAnyByteIsAnError) {
    const auto wire = encode(two());
    for (std::size_t size = 0; size < wire.size(); ++size)
        EXPECT_FALSE(decode_connections(std::span(wire).first(size))) << size;
}

TEST(Connection, OfAnUnknownKindOrWithBytesLeftIsAnError) {
    auto wire = encode(two());
    wire.push_back(std::byte{0});
    EXPECT_THAT(decode_connections(wire).error().message, testing::HasSubstr("more than there are"));
    wire.pop_back();
    wire[8] = std::byte{3};
    EXPECT_THAT(decode_connections(wire).error().message, testing::HasSubstr("no known kind"));
}

}  // namespace
}  // namespace nap::context
