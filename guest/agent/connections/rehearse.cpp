// SPDX-License-Identifier: GPL-2.0-only
#include "agent/connections/rehearse.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/ioctl.h>

#include <array>
#include <cstring>

#include "agent/connections/recreate.hpp"
#include "agent/userland/namespaces.hpp"
#include "base/fd.hpp"

namespace nap::agent {

namespace {

using context::Connection;

constexpr std::uint16_t kListener = 1, kClient = 2, kClosed = 3;  // ports
constexpr std::uint32_t kWindow = 0xffff;

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

context::InternetAddress mapped(const in_addr& address) {
    context::InternetAddress mapped{};
    mapped[10] = mapped[11] = std::byte{0xff};
    std::memcpy(mapped.data() + 12, &address, sizeof address);
    return mapped;
}

Connection connection(Connection::Kind kind, std::uint8_t state, std::uint16_t local_port) {
    Connection made;
    made.kind = kind, made.state = state;
    made.local = made.remote = mapped(loopback(0).sin_addr);
    made.local_port = local_port, made.remote_port = kClient;
    made.mss = 1460, made.sack = made.timestamps = true;
    made.send_initial = 99, made.receive_initial = 199;
    made.data.resize(100);
    made.send_window = made.largest_window = made.receive_window = kWindow;
    made.send_window_at = made.receive_window_at = 200;
    return made;
}

// Has sent data, and its end since.
Connection waiting() {
    Connection made = connection(Connection::Kind::waiting, TCP_CLOSE_WAIT, kListener);
    made.receive_next = made.receive_initial + 1 + static_cast<std::uint32_t>(made.data.size()) + 1;
    made.send_unacknowledged = made.send_next = made.write_next = made.send_initial + 1;
    return made;
}

// Its peer has closed it, and still waits for data and the end.
Connection closed() {
    Connection made = connection(Connection::Kind::unowned, TCP_LAST_ACK, kClosed);
    made.receive_next = made.receive_window_at = made.receive_initial + 2;
    made.send_unacknowledged = made.send_next = made.send_initial + 1;
    made.write_next = made.send_next + static_cast<std::uint32_t>(made.data.size()) + 1;
    return made;
}

Result<UniqueFd> listen() {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ifreq device{};
    std::strcpy(device.ifr_name, "lo");
    device.ifr_flags = IFF_UP;
    const sockaddr_in address = loopback(kListener);
    if (!fd || ::ioctl(fd.get(), SIOCSIFFLAGS, &device) != 0 ||
        ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(fd.get(), 8) != 0)
        return fail_errno("cannot listen in a network of one's own");
    return fd;
}

Result<> rehearse() {
    if (::unshare(CLONE_NEWNET) != 0) return fail_errno("cannot make a network of one's own");
    NAP_TRY(const UniqueFd listener, listen());
    Warnings warnings;
    NAP_CHECK(recreate_in_own_network(std::array{waiting(), closed()}, warnings));
    const UniqueFd accepted(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!accepted) return fail_errno("a connection that was recreated does not wait to be accepted");
    return {};
}

}  // namespace

Result<> rehearse_connections() {
    return in_own_thread(rehearse);
}

}  // namespace nap::agent
