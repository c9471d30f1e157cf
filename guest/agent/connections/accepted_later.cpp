// SPDX-License-Identifier: GPL-2.0-only
#include "agent/connections/accepted_later.hpp"

#include <netinet/tcp.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>

namespace nap::agent {

namespace {

using context::Connection;

constexpr std::size_t kPiece = 16 << 10;  // bytes of data in a packet
constexpr int kLooks = 200;
constexpr std::chrono::milliseconds kBetweenLooks{1};

nap_connection question(const Connection& connection, int network) {
    nap_connection asked{};
    asked.network = network;
    asked.local_port = connection.local_port;
    asked.remote_port = connection.remote_port;
    std::memcpy(asked.local, connection.local.data(), sizeof asked.local);
    std::memcpy(asked.remote, connection.remote.data(), sizeof asked.remote);
    return asked;
}

// Packets are taken in at once, or by a kernel thread a moment later.
Result<> look(const AdoptionDevice& device, nap_connection& asked,
              const std::function<bool(const nap_connection&)>& there) {
    for (int looks = 1;; ++looks) {
        auto told = device.connection(asked);
        if (told && there(asked)) return {};
        if (looks == kLooks) return told ? fail(ErrorKind::guest, "it is not as it was") : told;
        std::this_thread::sleep_for(kBetweenLooks);
    }
}

}  // namespace

Result<> open_half(const Connection& connection, const Injector& injector, const AdoptionDevice& device,
                   int network) {
    Segment syn = from_peer(connection);
    syn.flags = connection.ecn ? kSyn | kEce | kCwr : kSyn;
    syn.sequence = connection.receive_initial;
    syn.window = 0xffff;
    syn.mss = connection.mss;
    syn.sack = connection.sack;
    if (connection.scaling) syn.scale = connection.send_scale;
    NAP_CHECK(injector.send(syn));

    nap_connection amended = question(connection, network);
    amended.amend = 1;
    amended.send_initial = connection.send_initial;
    amended.timestamp = connection.timestamp;
    amended.receive_scale = connection.receive_scale;
    return look(device, amended, [](const nap_connection&) { return true; });
}

Result<> open_waiting(const Connection& connection, const Injector& injector, const AdoptionDevice& device,
                      int network) {
    NAP_CHECK(open_half(connection, injector, device, network));
    Segment next = from_peer(connection);
    next.sequence = connection.receive_initial + 1;
    next.acknowledgement = connection.send_initial + 1;
    next.flags = kAck;
    NAP_CHECK(injector.send(next));
    for (std::span<const std::byte> left = connection.data; !left.empty();) {
        next.data = left.first(std::min(left.size(), kPiece));
        next.flags = kAck | kPush;
        NAP_CHECK(injector.send(next));
        next.sequence += static_cast<std::uint32_t>(next.data.size());
        left = left.subspan(next.data.size());
    }
    next.data = {};
    if (next.sequence != connection.receive_next) {
        next.flags = kAck | kFin;
        NAP_CHECK(injector.send(next));
        ++next.sequence;
    }
    nap_connection told = question(connection, network);
    NAP_CHECK(look(device, told,
                   [&](const nap_connection& now) { return now.receive_next == connection.receive_next; }));
    if (connection.state != TCP_CLOSE) return {};
    next.flags = kAck | kRst;
    return injector.send(next);
}

}  // namespace nap::agent
