// SPDX-License-Identifier: GPL-2.0-only
#include "agent/sockets/told.hpp"

#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <utility>

#include "guest/module/nap_uapi.h"

namespace nap::agent {

namespace {

using channel::Json;
using enum SocketWord;

constexpr std::uint64_t kDone = 1 << 1;  // enum sock_flags: SOCK_DONE

constexpr std::pair<const char*, SocketWord> kNumbers[] = {
    {"error", error},
    {"soft_error", soft_error},
    {"timestamp_key", timestamp_key},
    {"zero_copy_key", zero_copy_key},
    {"drops", drops},
};

// Of a connection that has ended, or was never made, the kernel remembers that.
bool has_ended(const SeenSocket& socket) {
    return socket.is_tcp() && socket[state] == TCP_CLOSE &&
           (socket[connecting] != 1 /* SS_UNCONNECTED */ || socket[shutdown] != 0 || socket[unread] != 0);
}

// What comes into the newer kernel before its programs run is none of theirs.
bool is_emptied(const SeenSocket& socket) {
    return socket[family] == AF_PACKET || socket[family] == AF_NETLINK ||
           (socket.is_internet() && socket[type] == SOCK_RAW);
}

}  // namespace

Json state_of(const SeenSocket& socket) {
    Json told = Json::object();
    for (const auto& [name, word] : kNumbers)
        if (const auto value = socket.number(word); value != 0) told[name] = value;
    if (socket[family] == AF_INET6 && socket[flow_label] != 0) told["flow_label"] = socket.number(flow_label);
    if (has_ended(socket))
        told["ended"] = {{"shutdown", socket.number(shutdown)},
                         {"connecting", socket.number(connecting)},
                         {"done", (socket[flags] & kDone) != 0}};
    if (is_emptied(socket)) told["empty"] = true;
    return told;
}

Result<> set_state(int module, int fd, const Json& told) {
    nap_socket_state request{};
    request.fd = fd;
    request.error = told.value("error", 0);
    request.soft_error = told.value("soft_error", 0);
    request.timestamp_key = told.value("timestamp_key", 0U);
    request.zero_copy_key = told.value("zero_copy_key", 0U);
    request.drops = told.value("drops", 0U);
    request.flow_label = told.value("flow_label", 0U);
    if (told.value("empty", false)) request.flags |= NAP_SOCKET_EMPTY;
    if (const auto ended = told.find("ended"); ended != told.end()) {
        request.flags |= NAP_SOCKET_CLOSED;
        request.shutdown = ended->at("shutdown").get<std::uint8_t>();
        request.connecting = ended->at("connecting").get<std::uint8_t>();
        request.done = ended->at("done").get<bool>() ? 1 : 0;
    }
    if (::ioctl(module, NAP_SOCKET_STATE, &request) != 0)
        return fail_errno("the adoption module cannot set its errors");
    return {};
}

}  // namespace nap::agent
