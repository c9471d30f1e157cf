// SPDX-License-Identifier: GPL-2.0-only
#include "agent/sockets/queues.hpp"

#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "agent/sockets/buffer.hpp"

namespace nap::agent {

namespace {

using channel::Json;
using enum SocketWord;

bool has_messages(const SeenSocket& socket) {
    return socket[family] == AF_PACKET || socket[family] == AF_NETLINK || socket.is_udp() ||
           (socket.is_internet() && socket[type] == SOCK_RAW);
}

Result<> append(const RunningKernel& kernel, std::uint64_t queue, std::uint32_t length, bool errors,
                Json& told) {
    if (length == 0) return {};
    NAP_TRY(const auto buffers, read_buffers(kernel, queue, length));
    for (Buffer buffer : buffers) {
        buffer.about.errors = errors ? 1 : 0;
        told.push_back(to_json(buffer));
    }
    return {};
}

}  // namespace

Result<Json> queues_of(const RunningKernel& kernel, const SeenSocket& socket) {
    Json told = Json::array();
    const std::uint64_t at = socket[sock];
    const Fields& fields = kernel.fields();
    NAP_TRY(const auto received, fields.offset("sock", "sk_receive_queue"));
    NAP_TRY(const auto errors, fields.offset("sock", "sk_error_queue"));
    if (has_messages(socket)) {
        if (socket.is_udp() && socket[unread_aside] != 0) {  // they came before the others
            NAP_TRY(const auto aside, fields.offset("udp_sock", "reader_queue"));
            NAP_CHECK(append(kernel, at + aside, socket.number(unread_aside), false, told));
        }
        NAP_CHECK(append(kernel, at + received, socket.number(unread), false, told));
    }
    if (socket.is_internet() || socket[family] == AF_PACKET)
        NAP_CHECK(append(kernel, at + errors, socket.number(unread_errors), true, told));
    return told;
}

Result<> fill_queues(int module, int fd, const Json& told) {
    for (const Json& each : told) {
        NAP_TRY(Buffer buffer, buffer_from_json(each));
        buffer.about.fd = fd;
        buffer.about.data = reinterpret_cast<std::uintptr_t>(buffer.bytes.data());
        if (::ioctl(module, NAP_SOCKET_BUFFER, &buffer.about) != 0)
            return fail_errno("the adoption module cannot put back what waits at it");
    }
    return {};
}

}  // namespace nap::agent
