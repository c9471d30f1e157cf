// SPDX-License-Identifier: GPL-2.0-only
#include "agent/connections/injector.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "agent/contexts/network_lock.hpp"

namespace nap::agent {

namespace {

Result<UniqueFd> raw_socket(int family) {
    UniqueFd fd(::socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW));
    if (!fd && errno == EAFNOSUPPORT) return fd;
    if (!fd) return fail_errno("cannot open a raw socket");
    if (::setsockopt(fd.get(), SOL_SOCKET, SO_MARK, &kMarkThatPasses, sizeof kMarkThatPasses) != 0)
        return fail_errno("cannot mark the packets of a raw socket");
    return fd;
}

}  // namespace

Result<Injector> Injector::open() {
    NAP_TRY(UniqueFd four, raw_socket(AF_INET));
    NAP_TRY(UniqueFd six, raw_socket(AF_INET6));
    return Injector(std::move(four), std::move(six));
}

Result<> Injector::send(const Segment& segment) const {
    const auto bytes = packet(segment);
    ssize_t sent;
    if (context::is_mapped(segment.to)) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        std::memcpy(&to.sin_addr, segment.to.data() + 12, sizeof to.sin_addr);
        sent = ::sendto(four_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&to),
                        sizeof to);
    } else {
        sockaddr_in6 to{};
        to.sin6_family = AF_INET6;
        if (IN6_IS_ADDR_LINKLOCAL(segment.to.data())) to.sin6_scope_id = segment.device;
        std::memcpy(&to.sin6_addr, segment.to.data(), sizeof to.sin6_addr);
        sent = ::sendto(six_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&to),
                        sizeof to);
    }
    if (sent < 0) return fail_errno("cannot send a packet of a connection's peer");
    return {};
}

Segment from_peer(const context::Connection& connection) {
    Segment segment;
    segment.device = connection.device;
    segment.from = connection.remote;
    segment.from_port = connection.remote_port;
    segment.to = connection.local;
    segment.to_port = connection.local_port;
    const unsigned scale = connection.scaling ? connection.send_scale : 0;
    segment.window = static_cast<std::uint16_t>(std::min(connection.send_window >> scale, 0xffffU));
    if (connection.timestamps) segment.timestamp = connection.peer_timestamp;
    return segment;
}

}  // namespace nap::agent
