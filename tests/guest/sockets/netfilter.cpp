// SPDX-License-Identifier: GPL-2.0-only
#include "sockets/netfilter.hpp"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "harness.hpp"

namespace guest {

namespace {

constexpr std::size_t kHeaders = NLMSG_HDRLEN + sizeof(nfgenmsg);

int netfilter_socket() {
    return static_cast<int>(check(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER), "socket"));
}

// Calls function(header, message) for all messages of a datagram.
template <class Function>
void for_each(std::string_view datagram, const Function& function) {
    nlmsghdr header;
    while (datagram.size() >= sizeof header) {
        std::memcpy(&header, datagram.data(), sizeof header);
        if (header.nlmsg_len < sizeof header || header.nlmsg_len > datagram.size()) return;
        function(header, datagram.substr(0, header.nlmsg_len));
        datagram.remove_prefix(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), datagram.size()));
    }
}

int error_in(std::string_view message) {
    int error = 0;
    std::memcpy(&error, message.data() + NLMSG_HDRLEN, sizeof error);
    return -error;
}

void send_all(int fd, std::string_view messages) {
    check(send(fd, messages.data(), messages.size(), 0), "send to netfilter");
}

// What is there to be read now.
void require_no_refusal(int fd) {
    std::array<char, 16384> buffer;
    for (;;) {
        const ssize_t got = recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got < 0) return;
        for_each({buffer.data(), static_cast<std::size_t>(got)},
                 [](const nlmsghdr& header, std::string_view part) {
                     if (header.nlmsg_type == NLMSG_ERROR)
                         require(error_in(part) == 0, "netfilter refuses: ", std::strerror(error_in(part)));
                 });
    }
}

}  // namespace

std::string netfilter_message(int type, int flags, int family, int resource, std::string_view attributes) {
    const nfgenmsg general{static_cast<std::uint8_t>(family), NFNETLINK_V0,
                           htons(static_cast<std::uint16_t>(resource))};
    nlmsghdr header{};
    header.nlmsg_len = static_cast<std::uint32_t>(kHeaders + attributes.size());
    header.nlmsg_type = static_cast<std::uint16_t>(type);
    header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
    bytes.append(reinterpret_cast<const char*>(&general), sizeof general);
    return bytes.append(attributes);
}

std::string netfilter_attribute(int type, std::string_view value) {
    const nlattr begin{static_cast<std::uint16_t>(NLA_HDRLEN + value.size()),
                       static_cast<std::uint16_t>(type)};
    std::string bytes(reinterpret_cast<const char*>(&begin), sizeof begin);
    bytes.append(value);
    bytes.resize(NLA_ALIGN(bytes.size()));
    return bytes;
}

std::string netfilter_text(int type, std::string_view text) {
    return netfilter_attribute(type, std::string(text) + '\0');
}

std::string netfilter_number(int type, std::uint32_t number) {
    const std::uint32_t value = htonl(number);
    return netfilter_attribute(type, {reinterpret_cast<const char*>(&value), sizeof value});
}

int nf_tables_batch(std::string_view messages) {
    const int fd = netfilter_socket();
    send_all(fd, netfilter_message(NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES, "") +
                     std::string(messages) +
                     netfilter_message(NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES, ""));
    require_no_refusal(fd);
    return fd;
}

void netfilter_change(const std::string& message) {
    const int fd = netfilter_socket();
    send_all(fd, message);
    require_no_refusal(fd);
    close(fd);
}

std::vector<std::string> netfilter_list(int type, int family, std::string_view attributes) {
    const int fd = netfilter_socket();
    send_all(fd, netfilter_message(type, NLM_F_DUMP, family, 0, attributes));
    std::vector<std::string> listed;
    std::vector<char> buffer(1 << 16);
    for (bool done = false; !done;) {
        const auto got = check(recv(fd, buffer.data(), buffer.size(), 0), "recv from netfilter");
        for_each({buffer.data(), static_cast<std::size_t>(got)},
                 [&](const nlmsghdr& header, std::string_view part) {
                     if (header.nlmsg_type == NLMSG_ERROR)
                         fail("netfilter lists nothing: ", std::strerror(error_in(part)));
                     done = header.nlmsg_type == NLMSG_DONE;
                     if (!done) listed.emplace_back(part.substr(kHeaders));
                 });
    }
    close(fd);
    return listed;
}

std::string netfilter_value(std::string_view attributes, int type) {
    nlattr begin;
    while (attributes.size() >= sizeof begin) {
        std::memcpy(&begin, attributes.data(), sizeof begin);
        if (begin.nla_len < sizeof begin || begin.nla_len > attributes.size()) break;
        if ((begin.nla_type & NLA_TYPE_MASK) == type)
            return std::string(attributes.substr(NLA_HDRLEN, begin.nla_len - NLA_HDRLEN));
        attributes.remove_prefix(std::min<std::size_t>(NLA_ALIGN(begin.nla_len), attributes.size()));
    }
    return {};
}

}  // namespace guest
