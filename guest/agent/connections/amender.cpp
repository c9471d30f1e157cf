// SPDX-License-Identifier: GPL-2.0-only
#include "agent/connections/amender.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>

#include "agent/calls/paths.hpp"
#include "guest/module/nap_connection_uapi.h"

namespace nap::agent {

namespace {

constexpr std::uint32_t kMostTimeouts = 127;

nap_connection question(const context::Connection& connection, int network) {
    nap_connection asked{};
    asked.network = network;
    asked.device = connection.device;
    asked.local_port = connection.local_port;
    asked.remote_port = connection.remote_port;
    std::memcpy(asked.local, connection.local.data(), sizeof asked.local);
    std::memcpy(asked.remote, connection.remote.data(), sizeof asked.remote);
    return asked;
}

Result<> ask(int device, nap_connection& question) {
    if (::ioctl(device, NAP_IOC_CONNECTION, &question) == 0) return {};
    if (errno == ENOENT) return fail(ErrorKind::not_found, "the kernel has not taken it up");
    return fail_errno("the adoption module cannot put it right");
}

}  // namespace

Result<UniqueFd> Amender::hold_network() const {
    const __s32 network = network_.get();
    UniqueFd held(::ioctl(device_.get(), NAP_IOC_HOLD_NETWORK, &network));
    if (!held) return fail_errno("the adoption module cannot hold the network");
    return held;
}

Result<Amender> Amender::open() {
    NAP_TRY(UniqueFd device, open_file(kAdoptionDevice, O_RDWR));
    NAP_TRY(UniqueFd network, open_file("/proc/thread-self/ns/net", O_RDONLY));
    return Amender(std::move(device), std::move(network));
}

Result<> Amender::amend(const context::Connection& connection) const {
    nap_connection asked = question(connection, network_.get());
    asked.amend = 1;
    asked.send_initial = connection.send_initial;
    asked.timestamp = connection.timestamp;
    asked.receive_scale = connection.receive_scale;
    // Established already: no data is waited for any more
    const bool half_open = connection.kind == context::Connection::Kind::half_open;
    asked.timeouts = half_open ? connection.timeouts : kMostTimeouts;
    asked.acknowledged = half_open && connection.acknowledged ? 1 : 0;
    return ask(device_.get(), asked);
}

Result<std::uint32_t> Amender::receive_next(const context::Connection& connection) const {
    nap_connection asked = question(connection, network_.get());
    NAP_CHECK(ask(device_.get(), asked));
    return asked.receive_next;
}

}  // namespace nap::agent
