// SPDX-License-Identifier: GPL-2.0-only
// Segment: a TCP segment as an IP packet (RFC 9293, 791, 8200), with the options that a connection's begin
// has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "context/connection.hpp"

namespace nap::agent {

inline constexpr std::uint8_t kFin = 1, kSyn = 2, kRst = 4, kPush = 8, kAck = 16, kEce = 64, kCwr = 128;

struct Segment {
    context::InternetAddress from{}, to{};
    std::uint32_t device = 0;  // link-local addresses of IPv6 are its
    std::uint16_t from_port = 0, to_port = 0;
    std::uint32_t sequence = 0, acknowledgement = 0;
    std::uint8_t flags = 0;
    std::uint16_t window = 0;  // as it stands in the header: scaled
    std::optional<std::uint16_t> mss;
    std::optional<std::uint8_t> scale;
    bool sack = false;
    std::optional<std::uint32_t> timestamp;  // none is echoed
    std::span<const std::byte> data;
};

// With its IP header: of version 4 where the addresses are mapped.
std::vector<std::byte> packet(const Segment& segment);

}  // namespace nap::agent
