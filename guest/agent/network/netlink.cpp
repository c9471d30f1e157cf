// SPDX-License-Identifier: GPL-2.0-only
#include "agent/network/netlink.hpp"

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

}  // namespace

Result<Netlink> Netlink::open(int protocol) {
    UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
    if (!socket) return fail_errno("cannot open a netlink socket");
    const int size = 4 << 20;
    (void)::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    return Netlink(std::move(socket));
}

Result<> Netlink::send(int type, int flags, std::string_view body) {
    nlmsghdr header{};
    header.nlmsg_len = static_cast<std::uint32_t>(NLMSG_HDRLEN + body.size());
    header.nlmsg_type = static_cast<std::uint16_t>(type);
    header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    header.nlmsg_seq = ++sequence_;
    const std::string message =
        std::string(reinterpret_cast<const char*>(&header), sizeof header) + std::string(body);
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

}  // namespace nap::agent
