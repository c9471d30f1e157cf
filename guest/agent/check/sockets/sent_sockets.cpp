// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/sockets/sent_sockets.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

#include "agent/kernel_memory/buffers.hpp"

namespace nap::agent {

namespace {

using enum SocketWord;

constexpr std::int16_t kMostFiles = 253;  // SCM_MAX_FD

// The struct sock of a file, if it is a socket's.
Result<std::uint64_t> sock_of(const RunningKernel& kernel, std::uint64_t file) {
    NAP_TRY(const std::uint64_t of_sockets, kernel.symbol("socket_file_ops"));
    NAP_TRY(const std::uint64_t operations, kernel.field(file, "file", "f_op"));
    if (operations != of_sockets) return 0;
    NAP_TRY(const std::uint64_t object, kernel.field(file, "file", "private_data"));
    return kernel.field(object, "socket", "sk");
}

// What the agent would have to carry.
Result<bool> has_more(const RunningKernel& kernel, std::uint64_t sock) {
    NAP_TRY(const auto of, kernel.field<std::uint16_t>(sock, "sock_common", "skc_family"));
    NAP_TRY(const auto kind, kernel.field<std::uint16_t>(sock, "sock", "sk_type"));
    NAP_TRY(const auto errors, kernel.field<std::uint32_t>(sock, "sock", "sk_error_queue.qlen"));
    NAP_TRY(const auto pending, kernel.field<std::int32_t>(sock, "sock", "sk_err"));
    if (errors != 0 || pending != 0) return true;
    if (of == AF_UNIX) {
        if (kind != SOCK_STREAM || !kernel.fields().offset("unix_sock", "oob_skb")) return false;
        NAP_TRY(const auto urgent_data, kernel.field(sock, "unix_sock", "oob_skb"));
        return urgent_data != 0;
    }
    if ((of == AF_INET || of == AF_INET6) && kind == SOCK_STREAM) {
        NAP_TRY(const auto how, kernel.field<std::uint8_t>(sock, "sock_common", "skc_state"));
        if (how == TCP_LISTEN) return false;
        NAP_TRY(const auto urgent_data, kernel.field<std::uint16_t>(sock, "tcp_sock", "urg_data"));
        return urgent_data != 0;
    }
    NAP_TRY(const auto waiting, kernel.field<std::uint32_t>(sock, "sock", "sk_receive_queue.qlen"));
    return waiting != 0;
}

Result<bool> any_has_more(const RunningKernel& kernel, std::uint64_t files) {
    NAP_TRY(const auto count, kernel.field<std::int16_t>(files, "scm_fp_list", "count"));
    NAP_TRY(const std::uint64_t list, kernel.fields().offset("scm_fp_list", "fp"));
    for (std::int16_t i = 0; i < std::min(count, kMostFiles); ++i) {
        NAP_TRY(const auto file,
                kernel.value<std::uint64_t>(files + list + 8 * static_cast<std::uint64_t>(i)));
        NAP_TRY(const std::uint64_t sock, sock_of(kernel, file));
        if (sock == 0) continue;
        NAP_TRY(const bool more, has_more(kernel, sock));
        if (more) return true;
    }
    return false;
}

}  // namespace

Result<std::optional<Finding>> judge_sent(const RunningKernel& kernel, const SeenSocket& socket) {
    if (socket[family] != AF_UNIX || socket[unread] == 0 || socket[state] == TCP_LISTEN) return std::nullopt;
    NAP_TRY(const std::uint64_t control, kernel.fields().offset("sk_buff", "cb"));
    NAP_TRY(const std::uint64_t files_at, kernel.fields().offset("unix_skb_parms", "fp"));
    NAP_TRY(const auto buffers, read_queue(kernel, socket[sock]));
    for (const std::uint64_t buffer : buffers) {
        NAP_TRY(const auto files, kernel.value<std::uint64_t>(buffer + control + files_at));
        if (files == 0) continue;
        NAP_TRY(const bool more, any_has_more(kernel, files));
        if (more)
            return Finding{
                "a socket on its way to somebody (SCM_RIGHTS), with datagrams, errors or urgent data of its "
                "own",
                "What waits at a socket that no process has cannot be carried over.",
                "Try again; a program that never receives it must be stopped."};
    }
    return std::nullopt;
}

}  // namespace nap::agent
