// SPDX-License-Identifier: GPL-2.0-only
#include "agent/freezing/sock_diag.hpp"

#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

namespace nap::agent {

namespace {

constexpr std::size_t kAnswerSize = 64 << 10;

// True: that was the last one.
Result<bool> take(std::span<const std::byte> datagram,
                  const std::function<void(std::span<const std::byte>)>& each) {
    while (datagram.size() >= sizeof(nlmsghdr)) {
        const auto header = leading<nlmsghdr>(datagram);
        if (header.nlmsg_len < sizeof header || header.nlmsg_len > datagram.size()) break;
        const auto content = datagram.subspan(NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN);
        if (header.nlmsg_type == NLMSG_DONE) return true;
        if (header.nlmsg_type == NLMSG_ERROR) {
            const int error = -leading<nlmsgerr>(content).error;
            if (error == ENOENT) return true;  // this kernel has no sockets of that kind
            return fail_errno("cannot list sockets", error);
        }
        each(content);
        datagram = datagram.subspan(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), datagram.size()));
    }
    return false;
}

}  // namespace

Result<SocketListing> SocketListing::open() {
    UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
    if (!fd) return fail_errno("cannot open a netlink socket to list sockets");
    return SocketListing(std::move(fd));
}

Result<> SocketListing::list(std::span<const std::byte> request,
                             const std::function<void(std::span<const std::byte>)>& each) {
    const nlmsghdr header{.nlmsg_len = static_cast<std::uint32_t>(NLMSG_LENGTH(request.size())),
                          .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                          .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                          .nlmsg_seq = 0,
                          .nlmsg_pid = 0};
    std::vector<std::byte> message(header.nlmsg_len);
    std::memcpy(message.data(), &header, sizeof header);
    std::memcpy(message.data() + NLMSG_HDRLEN, request.data(), request.size());
    if (::send(fd_.get(), message.data(), message.size(), 0) < 0) return fail_errno("cannot list sockets");
    std::vector<std::byte> answer(kAnswerSize);
    for (;;) {
        const auto got = ::recv(fd_.get(), answer.data(), answer.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return fail_errno("cannot read the list of sockets");
        NAP_TRY(const bool last, take(std::span(answer).first(static_cast<std::size_t>(got)), each));
        if (last) return {};
    }
}

std::optional<std::span<const std::byte>> attribute(std::span<const std::byte> answer, std::size_t fixed,
                                                    unsigned type) {
    auto rest = answer.subspan(std::min(answer.size(), NLMSG_ALIGN(fixed)));
    while (rest.size() >= sizeof(nlattr)) {
        const auto header = leading<nlattr>(rest);
        if (header.nla_len < sizeof header || header.nla_len > rest.size()) break;
        if ((header.nla_type & NLA_TYPE_MASK) == type)
            return rest.subspan(NLA_HDRLEN, header.nla_len - NLA_HDRLEN);
        rest = rest.subspan(std::min<std::size_t>(NLA_ALIGN(header.nla_len), rest.size()));
    }
    return std::nullopt;
}

}  // namespace nap::agent
