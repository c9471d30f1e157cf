// SPDX-License-Identifier: GPL-2.0-only
// Every option of sockets that current kernels know, and what an update does with it.
#pragma once

#include <string_view>
#include <vector>

namespace guest {

enum class Treatment {
    kValue,      // an int, carried; `value` is none that a fresh socket has
    kOther,      // carried: another shape than an int, or with a state of its own
    kTells,      // only tells of the socket's state
    kDoes,       // an order, not a state
    kNotCarried  // cannot be read back, or not set again
};

// Sockets it is tried on, one bit each.
enum SocketKind : unsigned {
    kTcpListener = 1,
    kTcpConnected = 2,
    kTcpFresh = 4,
    kUdp = 8,
    kUdpConnected = 16,
    kRaw = 32,
    kPacket = 64,
    kNetlink = 128,
    kUnixStream = 256,
    kUnixDatagram = 512,
    kTcp6 = 1024,
    kUdp6 = 2048,
    kRaw6 = 4096,
};

struct SocketOption {
    std::string_view name;
    int level;
    int number;
    Treatment treatment;
    int value = 0;
    unsigned on = 0;
};

std::vector<SocketOption> socket_options();

}  // namespace guest
