// SPDX-License-Identifier: GPL-2.0-only
#include "agent/network/netlink.hpp"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <optional>

namespace nap::agent {

namespace {

// The messages of one datagram, each with its header.
template <class Function>
void for_each(std::string_view datagram, const Function& function) {
    while (datagram.size() >= sizeof(nlmsghdr)) {
        const auto header = header_of<nlmsghdr>(datagram);
        if (header.nlmsg_len < sizeof(nlmsghdr) || header.nlmsg_len > datagram.size()) return;
        function(header, datagram.substr(NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN));
        datagram.remove_prefix(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), datagram.size()));
    }
}

std::string message_of(int type, int flags, std::uint32_t sequence, std::string_view body) {
    nlmsghdr header{};
    header.nlmsg_len = static_cast<std::uint32_t>(NLMSG_HDRLEN + body.size());
    header.nlmsg_type = static_cast<std::uint16_t>(type);
    header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    header.nlmsg_seq = sequence;
    std::string message(reinterpret_cast<const char*>(&header), sizeof header);
    message += body;
    message.resize(NLMSG_ALIGN(message.size()));
    return message;
}

Body edge_of_batch(int subsystem) {
    nfgenmsg header{};
    header.res_id = htons(static_cast<std::uint16_t>(subsystem));
    return body_of(header);
}

}  // namespace

Result<Netlink> Netlink::open(int protocol) {
    UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
    if (!socket) return fail_errno("cannot open a netlink socket");
    const int size = 4 << 20;
    (void)::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    return Netlink(std::move(socket));
}

Result<> Netlink::send(int type, int flags, std::string_view body) {
    const std::string message = message_of(type, flags, ++sequence_, body);
    if (::send(socket_.get(), message.data(), message.size(), 0) < 0)
        return fail_errno("cannot send a netlink message");
    return {};
}

Result<std::vector<Netlink::Answer>> Netlink::dump(int type, std::string_view body) {
    NAP_CHECK(send(type, NLM_F_DUMP, body));
    std::vector<Answer> answers;
    std::vector<char> buffer(64 << 10);
    for (std::optional<int> end; !end;) {
        const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
        if (got < 0) return fail_errno("cannot receive netlink messages");
        for_each({buffer.data(), static_cast<std::size_t>(got)},
                 [&](const nlmsghdr& header, std::string_view part) {
                     if (header.nlmsg_type == NLMSG_DONE)
                         end = 0;
                     else if (header.nlmsg_type == NLMSG_ERROR)
                         end = header_of<nlmsgerr>(part).error;
                     else
                         answers.push_back({header.nlmsg_type, Body(part)});
                 });
        if (end && *end != 0) return fail_errno("the kernel does not list what was asked of netlink", -*end);
    }
    return answers;
}

Result<int> Netlink::change(int type, int flags, std::string_view body) {
    NAP_CHECK(send(type, flags | NLM_F_ACK, body));
    std::array<char, 8192> buffer;
    const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0) return fail_errno("cannot receive a netlink message");
    int error = EPROTO;
    for_each({buffer.data(), static_cast<std::size_t>(got)},
             [&](const nlmsghdr& header, std::string_view part) {
                 if (header.nlmsg_type == NLMSG_ERROR) error = -header_of<nlmsgerr>(part).error;
             });
    return error;
}

// Kernels before 6.10 acknowledge no edge of a batch, so its last change is. All answers are there when the
// batch is sent. A change's number is its sequence number.
Result<std::optional<Netlink::Refusal>> Netlink::change_at_once(int subsystem,
                                                                std::span<const Change> changes) {
    if (changes.empty()) return std::nullopt;
    const auto edge = static_cast<std::uint32_t>(changes.size());
    std::string batch = message_of(NFNL_MSG_BATCH_BEGIN, 0, edge, edge_of_batch(subsystem));
    for (std::uint32_t i = 0; i < edge; ++i)
        batch += message_of(changes[i].type, changes[i].flags | (i + 1 == edge ? NLM_F_ACK : 0), i,
                            changes[i].body);
    batch += message_of(NFNL_MSG_BATCH_END, 0, edge, edge_of_batch(subsystem));
    const int size = static_cast<int>(2 * batch.size() + 4096), yes = 1;
    (void)::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
    (void)::setsockopt(socket_.get(), SOL_NETLINK, NETLINK_CAP_ACK, &yes, sizeof yes);
    if (::send(socket_.get(), batch.data(), batch.size(), 0) < 0)
        return fail_errno("cannot send a transaction by netlink");
    std::optional<Refusal> refusal;
    bool answered = false;
    std::vector<char> buffer(64 << 10);
    for (;;) {
        const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN) break;
        if (got < 0) return fail_errno("cannot receive what became of a transaction by netlink");
        for_each({buffer.data(), static_cast<std::size_t>(got)},
                 [&](const nlmsghdr& header, std::string_view part) {
                     if (header.nlmsg_type != NLMSG_ERROR) return;
                     answered = true;
                     if (const int error = -header_of<nlmsgerr>(part).error; error != 0 && !refusal)
                         refusal = Refusal{header.nlmsg_seq, error};
                 });
    }
    if (!answered) return fail(ErrorKind::protocol, "the kernel does not answer a transaction by netlink");
    return refusal;
}

}  // namespace nap::agent
