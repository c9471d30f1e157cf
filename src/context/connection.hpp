// SPDX-License-Identifier: GPL-2.0-only
// Connections that no process has: TCP connections that a listener has not accepted yet, established or half
// open, and those whose process closed them while the kernel still owes the peer something.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/error.hpp"

namespace nap::context {

// An IPv6 address, or an IPv4 one mapped into it (::ffff:a.b.c.d); in network order.
using InternetAddress = std::array<std::byte, 16>;
[[nodiscard]] bool is_mapped(const InternetAddress& address);

struct Connection {
    enum class Kind : std::uint8_t {
        waiting,    // established, or closed by the peer since; in a listener's queue, in its order
        half_open,  // its SYN was answered
        unowned,    // closed by its process
    };
    Kind kind = Kind::waiting;
    std::uint8_t state = 0;    // TCP_ESTABLISHED, ... of netinet/tcp.h; TCP_CLOSE: the peer has reset it
    bool six = false;          // an AF_INET6 socket, its addresses mapped or not
    std::uint32_t device = 0;  // SO_BINDTODEVICE's index, 0: none
    InternetAddress local{}, remote{};
    std::uint16_t local_port = 0, remote_port = 0;

    // Agreed on at its begin. Scales are shifts.
    std::uint16_t mss = 0;
    bool scaling = false, timestamps = false, sack = false, ecn = false;
    std::uint8_t send_scale = 0, receive_scale = 0;
    std::uint32_t peer_timestamp = 0;                     // the last of the peer's
    std::uint32_t timestamp = 0;                          // ours, when it was read
    std::uint32_t receive_initial = 0, send_initial = 0;  // sequence numbers of the SYNs; not of unowned ones
    std::uint8_t timeouts = 0;  // of a half open one: so often its client had not answered in time
    bool acknowledged = false;  // of a half open one: it did, but its listener waits for data, too

    // Where it stands (RFC 9293): sequence numbers, FINs counted, and windows in bytes. Not of half open
    // ones.
    std::uint32_t receive_next = 0;
    std::uint32_t send_unacknowledged = 0, send_next = 0, write_next = 0;
    std::uint32_t send_window = 0, send_window_at = 0, largest_window = 0;
    std::uint32_t receive_window = 0, receive_window_at = 0;

    // waiting: received, and not read; unowned: not acknowledged, from send_unacknowledged on, without the
    // FIN
    std::vector<std::byte> data;

    bool operator==(const Connection&) const = default;
};

// For the agent: u32 magic "NapC", u32 count, then each connection's fields in order, little endian, and its
// data with its length before it.
std::vector<std::byte> encode(std::span<const Connection> connections);
Result<std::vector<Connection>> decode_connections(std::span<const std::byte> wire);

}  // namespace nap::context
