// SPDX-License-Identifier: GPL-2.0-only
#include "agent/connections/segment.hpp"

#include <netinet/in.h>

#include <concepts>

namespace nap::agent {

namespace {

using Packet = std::vector<std::byte>;
constexpr std::size_t kTcpHeader = 20;
constexpr std::uint8_t kHops = 64;

void append(Packet& packet, std::span<const std::byte> bytes) {
    packet.insert(packet.end(), bytes.begin(), bytes.end());
}

// Big endian.
template <std::unsigned_integral T>
void append(Packet& packet, T value) {
    for (int shift = 8 * (static_cast<int>(sizeof value) - 1); shift >= 0; shift -= 8)
        packet.push_back(static_cast<std::byte>(std::uint64_t{value} >> shift));
}

// In multiples of four bytes.
Packet options_of(const Segment& segment) {
    Packet options;
    if (segment.mss) {
        append<std::uint16_t>(options, 0x0204);
        append(options, *segment.mss);
    }
    if (segment.sack) append<std::uint32_t>(options, 0x0101'0402);
    if (segment.timestamp) {
        append<std::uint32_t>(options, 0x0101'080a);
        append(options, *segment.timestamp);
        append<std::uint32_t>(options, 0);
    }
    if (segment.scale) append<std::uint32_t>(options, 0x0103'0300U | *segment.scale);
    return options;
}

std::uint32_t sum(std::span<const std::byte> bytes) {
    std::uint32_t total = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const auto value = std::to_integer<std::uint32_t>(bytes[i]);
        total += i % 2 == 0 ? value << 8 : value;
        total = (total & 0xffff) + (total >> 16);
    }
    return total;
}

Packet tcp(const Segment& segment) {
    const Packet options = options_of(segment);
    const auto words = static_cast<std::uint8_t>((kTcpHeader + options.size()) / 4);
    Packet tcp;
    append(tcp, segment.from_port);
    append(tcp, segment.to_port);
    append(tcp, segment.sequence);
    append(tcp, segment.acknowledgement);
    append(tcp, static_cast<std::uint8_t>(words << 4));
    append(tcp, segment.flags);
    append(tcp, segment.window);
    append<std::uint32_t>(tcp, 0);  // checksum, urgent pointer
    append(tcp, options);
    append(tcp, segment.data);
    // A pseudo header's sum, mapped prefixes left out, which version 4 does not have
    const std::size_t skipped = context::is_mapped(segment.to) ? 12 : 0;
    std::uint32_t total = sum(tcp) + sum(std::span(segment.from).subspan(skipped)) +
                          sum(std::span(segment.to).subspan(skipped)) + IPPROTO_TCP +
                          static_cast<std::uint32_t>(tcp.size());
    while (total > 0xffff) total = (total & 0xffff) + (total >> 16);
    tcp[16] = static_cast<std::byte>(~total >> 8);
    tcp[17] = static_cast<std::byte>(~total);
    return tcp;
}

}  // namespace

std::vector<std::byte> packet(const Segment& segment) {
    const Packet payload = tcp(segment);
    Packet packet;
    if (context::is_mapped(segment.to)) {
        append<std::uint16_t>(packet, 0x4500);
        append(packet, static_cast<std::uint16_t>(20 + payload.size()));
        append<std::uint32_t>(packet, 0x0000'4000);  // do not fragment
        append(packet, kHops);
        append<std::uint8_t>(packet, IPPROTO_TCP);
        append<std::uint16_t>(packet, 0);  // the kernel sums it up
        append(packet, std::span(segment.from).subspan(12));
        append(packet, std::span(segment.to).subspan(12));
    } else {
        append<std::uint32_t>(packet, 0x6000'0000);
        append(packet, static_cast<std::uint16_t>(payload.size()));
        append<std::uint8_t>(packet, IPPROTO_TCP);
        append(packet, kHops);
        append(packet, std::span(segment.from));
        append(packet, std::span(segment.to));
    }
    append(packet, payload);
    return packet;
}

}  // namespace nap::agent
