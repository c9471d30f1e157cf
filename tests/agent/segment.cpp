// SPDX-License-Identifier: GPL-2.0-only
#include "agent/connections/segment.hpp"

#include <gtest/gtest.h>

#include <array>

namespace nap::agent {
namespace {

context::InternetAddress address(bool mapped, unsigned char last) {
    context::InternetAddress address{};
    if (mapped)
        address[10] = address[11] = std::byte{0xff}, address[12] = std::byte{127};
    else
        address[0] = std::byte{0xfd};
    address[15] = std::byte{last};
    return address;
}

Segment segment(bool mapped) {
    Segment segment;
    segment.from = address(mapped, 1);
    segment.to = address(mapped, 2);
    segment.from_port = 1000;
    segment.to_port = 80;
    segment.sequence = 0x0102'0304;
    return segment;
}

unsigned at(const std::vector<std::byte>& bytes, std::size_t index) {
    return std::to_integer<unsigned>(bytes.at(index));
}

// Over the TCP part and its pseudo header: all ones where the checksum is right.
unsigned sum(const std::vector<std::byte>& packet, bool mapped) {
    const std::size_t header = mapped ? 20 : 40, addresses = mapped ? 12 : 8;
    unsigned total = 6 + static_cast<unsigned>(packet.size() - header);
    for (std::size_t i = addresses; i < packet.size(); ++i) {
        if (mapped && i >= 20 && i < header) continue;
        const auto parity = i < header ? i - addresses : i - header;
        total += parity % 2 == 0 ? at(packet, i) << 8 : at(packet, i);
    }
    while (total > 0xffff) total = (total & 0xffff) + (total >> 16);
    return total;
}

TEST(Segment, ASynHasItsOptions) {
    Segment syn = segment(true);
    syn.flags = kSyn;
    syn.window = 0xffff;
    syn.mss = 1460;
    syn.sack = true;
    syn.scale = std::uint8_t{7};
    syn.timestamp = 0xaabb'ccddU;
    const auto bytes = packet(syn);
    ASSERT_EQ(bytes.size(), 20U + 20 + 4 + 4 + 12 + 4);
    EXPECT_EQ(at(bytes, 0), 0x45U);
    EXPECT_EQ(at(bytes, 9), 6U);
    EXPECT_EQ(at(bytes, 12), 127U);
    EXPECT_EQ(at(bytes, 20) << 8 | at(bytes, 21), 1000U);
    EXPECT_EQ(at(bytes, 32) >> 4, 11U);  // words of header
    EXPECT_EQ(at(bytes, 33), unsigned{kSyn});
    EXPECT_EQ(at(bytes, 40) << 8 | at(bytes, 41), 0x0204U);
    EXPECT_EQ(sum(bytes, true), 0xffffU);
}

TEST(Segment, DataOfOddLengthInEitherFamily) {
    const std::array data = {std::byte{1}, std::byte{2}, std::byte{3}};
    for (const bool mapped : {true, false}) {
        Segment with = segment(mapped);
        with.flags = kAck | kPush;
        with.data = data;
        const auto bytes = packet(with);
        ASSERT_EQ(bytes.size(), (mapped ? 20U : 40U) + 20 + 3);
        EXPECT_EQ(bytes.back(), std::byte{3});
        EXPECT_EQ(sum(bytes, mapped), 0xffffU) << mapped;
    }
}

}  // namespace
}  // namespace nap::agent
