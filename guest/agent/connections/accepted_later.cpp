// SPDX-License-Identifier: GPL-2.0-only
#include "agent/connections/accepted_later.hpp"

#include <netinet/tcp.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <thread>

namespace nap::agent {

namespace {

using context::Connection;

constexpr std::size_t kPiece = 16 << 10;  // bytes of data in a packet
constexpr int kLooks = 50;
constexpr std::chrono::milliseconds kBetweenLooks{1};

// Packets are taken in at once, or by a kernel thread a moment later.
Result<> look(const std::function<Result<bool>()>& there) {
    for (int looks = 1;; ++looks) {
        const auto seen = there();
        if (seen && *seen) return {};
        if (looks == kLooks)
            return seen ? fail(ErrorKind::guest, "it is not as it was") : std::unexpected(seen.error());
        std::this_thread::sleep_for(kBetweenLooks);
    }
}

}  // namespace

Result<> open_half(const Connection& connection, const Injector& injector, const Amender& amender) {
    Segment syn = from_peer(connection);
    syn.flags = connection.ecn ? kSyn | kEce | kCwr : kSyn;
    syn.sequence = connection.receive_initial;
    syn.window = 0xffff;
    syn.mss = connection.mss;
    syn.sack = connection.sack;
    if (connection.scaling) syn.scale = connection.send_scale;
    NAP_CHECK(injector.send(syn));

    return look([&]() -> Result<bool> {
        NAP_CHECK(amender.amend(connection));
        return true;
    });
}

Result<> open_waiting(const Connection& connection, const Injector& injector, const Amender& amender) {
    NAP_CHECK(open_half(connection, injector, amender));
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
    NAP_CHECK(look([&]() -> Result<bool> {
        NAP_TRY(const auto received, amender.receive_next(connection));
        return received == connection.receive_next;
    }));
    if (connection.state != TCP_CLOSE) return {};
    next.flags = kAck | kRst;
    return injector.send(next);
}

}  // namespace nap::agent
