// SPDX-License-Identifier: GPL-2.0-only
#include "agent/sockets/passing.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

namespace nap::agent {

using enum SocketWord;

namespace {

// After the last byte the peer has acknowledged, as sequence numbers count.
bool is_ahead(const SeenSocket& socket, SocketWord word) {
    return static_cast<std::int32_t>(socket.number(word) - socket.number(unacknowledged)) > 0;
}

bool is_urgent(const SeenSocket& socket) {
    if (socket[family] == AF_UNIX) return socket[type] == SOCK_STREAM && socket[out_of_band] != 0;
    if (!socket.is_tcp() || socket[state] == TCP_LISTEN) return false;
    return socket[urgent] != 0 || is_ahead(socket, urgent_sent);
}

// The kernel is to tell when it does not need the program's memory any more.
bool sends_without_copying(const SeenSocket& socket) {
    return socket.is_tcp() && socket[state] != TCP_LISTEN && socket[zero_copy_key] != 0 &&
           is_ahead(socket, written);
}

}  // namespace

std::optional<Finding> judge_passing(const SeenSocket& socket) {
    if (socket[family] == AF_NETLINK && socket[answering] != 0)
        return Finding{"a netlink socket with an answer not read to its end",
                       "What the kernel has not said yet cannot be carried over.",
                       "Try again; a program that never reads must be stopped."};
    if (socket[family] == AF_UNIX && socket[type] != SOCK_STREAM && socket[error] != 0 && socket[unread] != 0)
        return Finding{"a unix socket with messages behind an error that nobody has asked for",
                       "They cannot be looked at.", "Try again; a program that never reads must be stopped."};
    if (is_urgent(socket))
        return Finding{"a connection with urgent data under way (MSG_OOB)",
                       "Where it stands in the stream cannot be carried over.",
                       "Try again; a program that never reads must be stopped."};
    if (sends_without_copying(socket))
        return Finding{"a connection with data under way that was sent with MSG_ZEROCOPY",
                       "That the peer has it could not be told afterwards.", "Try again."};
    return std::nullopt;
}

Result<std::size_t> count_passing() {
    NAP_TRY(const SocketSearch* search, SocketSearch::get());
    NAP_TRY(const auto sockets, search->run());
    return static_cast<std::size_t>(std::ranges::count_if(
        sockets, [](const SeenSocket& socket) { return judge_passing(socket).has_value(); }));
}

}  // namespace nap::agent
