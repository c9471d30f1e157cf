// SPDX-License-Identifier: GPL-2.0-only
// Options of sockets of each kind, set to what no fresh socket has, and read back.
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <map>
#include <string>
#include <vector>

#include "harness.hpp"
#include "sockets/socket_option_table.hpp"

namespace guest {
namespace {

int open_socket(int family, int type, int protocol) {
    return static_cast<int>(check(socket(family, type | SOCK_CLOEXEC, protocol), "socket"));
}

void bind_loopback(int fd, int family) {
    sockaddr_in six_or_four{};  // unspecified port; of IPv6 the address is any
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    six_or_four.sin_family = AF_INET;
    six_or_four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (family == AF_INET6)
        check(bind(fd, reinterpret_cast<const sockaddr*>(&six), sizeof six), "bind");
    else
        check(bind(fd, reinterpret_cast<const sockaddr*>(&six_or_four), sizeof six_or_four), "bind");
}

void connect_to(int fd, int to) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    check(getsockname(to, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
    check(connect(fd, reinterpret_cast<const sockaddr*>(&address), size), "connect");
}

// What an option has; empty where there is none of that name.
std::string value_of(int fd, int level, int number, std::size_t room) {
    std::string value(room, '\0');
    auto size = static_cast<socklen_t>(room);
    if (getsockopt(fd, level, number, value.data(), &size) != 0) return {};
    value.resize(size);
    return value;
}

template <class Value>
std::string bytes_of(const Value& value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

struct Kept {
    std::string name;
    int fd;
    int level, number;
    std::size_t room;
    std::string value;
};

class SocketOptions : public State {
  public:
    void set_up() override {
        open_sockets();
        for (const SocketOption& option : socket_options())
            for (const auto& [kind, fd] : sockets_)
                if (option.treatment == Treatment::kValue && (option.on & kind) != 0)
                    set(std::string(option.name) + " of kind " + std::to_string(kind), fd, option.level,
                        option.number, bytes_of(option.value));
        set("IP_OPTIONS", sockets_[kUdp], IPPROTO_IP, IP_OPTIONS, std::string("\x01\x01\x01\x00", 4));
        set("TCP_CONGESTION", sockets_[kTcpConnected], IPPROTO_TCP, TCP_CONGESTION, "reno");
        set("TCP_CONGESTION", sockets_[kTcpListener], IPPROTO_TCP, TCP_CONGESTION, "reno");
        set("TCP_FASTOPEN_KEY", sockets_[kTcpListener], IPPROTO_TCP, TCP_FASTOPEN_KEY, "sixteen bytes...");
        set("SO_TXTIME", sockets_[kUdp6], SOL_SOCKET, SO_TXTIME, bytes_of(std::array{CLOCK_MONOTONIC, 2}));
        set("SO_LINGER", sockets_[kTcpConnected], SOL_SOCKET, SO_LINGER, bytes_of(linger{1, 5}));
        set("IP_UNICAST_IF", sockets_[kUdp], IPPROTO_IP, IP_UNICAST_IF, bytes_of(htonl(1)));
        set("IP_MULTICAST_IF", sockets_[kUdp], IPPROTO_IP, IP_MULTICAST_IF, bytes_of(htonl(INADDR_LOOPBACK)));
        set("IPV6_DSTOPTS", sockets_[kUdp6], IPPROTO_IPV6, IPV6_DSTOPTS,
            std::string("\x00\x00\x01\x04\x00\x00\x00\x00", 8));
        for (Kept& kept : kept_) kept.value = value_of(kept.fd, kept.level, kept.number, kept.room);
    }

    void verify() override {
        for (const Kept& kept : kept_)
            require(value_of(kept.fd, kept.level, kept.number, kept.room) == kept.value, kept.name, " is ",
                    shown(value_of(kept.fd, kept.level, kept.number, kept.room)), ", was ",
                    shown(kept.value));
    }

    void damage() override {
        const int other = 2;
        check(setsockopt(sockets_[kUdp], SOL_SOCKET, SO_PRIORITY, &other, sizeof other), "SO_PRIORITY");
    }

  private:
    void open_sockets() {
        const auto add = [this](unsigned kind, int fd) { sockets_[kind] = fd; };
        add(kTcpListener, open_socket(AF_INET, SOCK_STREAM, 0));
        bind_loopback(sockets_[kTcpListener], AF_INET);
        check(listen(sockets_[kTcpListener], 8), "listen");
        add(kTcpConnected, open_socket(AF_INET, SOCK_STREAM, 0));
        connect_to(sockets_[kTcpConnected], sockets_[kTcpListener]);
        accepted_ = static_cast<int>(check(accept(sockets_[kTcpListener], nullptr, nullptr), "accept"));
        add(kTcpFresh, open_socket(AF_INET, SOCK_STREAM, 0));
        add(kTcp6, open_socket(AF_INET6, SOCK_STREAM, 0));
        bind_loopback(sockets_[kTcp6], AF_INET6);
        add(kUdp, open_socket(AF_INET, SOCK_DGRAM, 0));
        bind_loopback(sockets_[kUdp], AF_INET);
        add(kUdpConnected, open_socket(AF_INET, SOCK_DGRAM, 0));
        connect_to(sockets_[kUdpConnected], sockets_[kUdp]);
        add(kUdp6, open_socket(AF_INET6, SOCK_DGRAM, 0));
        bind_loopback(sockets_[kUdp6], AF_INET6);
        add(kRaw, open_socket(AF_INET, SOCK_RAW, 200));
        add(kRaw6, open_socket(AF_INET6, SOCK_RAW, 200));
        add(kPacket, open_socket(AF_PACKET, SOCK_RAW, 0));
        add(kNetlink, open_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
        std::array<int, 2> stream{}, datagrams{};
        check(socketpair(AF_UNIX, SOCK_STREAM, 0, stream.data()), "socketpair");
        check(socketpair(AF_UNIX, SOCK_DGRAM, 0, datagrams.data()), "socketpair");
        add(kUnixStream, stream[0]), add(kUnixDatagram, datagrams[0]);
    }

    // Kernels differ in what they know; what cannot be set here is no state of this machine.
    void set(const std::string& name, int fd, int level, int number, const std::string& value) {
        if (setsockopt(fd, level, number, value.data(), static_cast<socklen_t>(value.size())) == 0)
            kept_.push_back({name, fd, level, number, std::max<std::size_t>(value.size(), 4), {}});
    }

    static std::string shown(const std::string& value) {
        std::ostringstream text;
        text << std::hex;
        for (const unsigned char byte : value) text << static_cast<int>(byte) << ' ';
        return text.str();
    }

    std::map<unsigned, int> sockets_;
    int accepted_ = -1;
    std::vector<Kept> kept_;
};

// Groups that no getsockopt lists: seen by asking for one, and by what arrives.
class SocketGroups : public State {
  public:
    void set_up() override {
        four_ = open_socket(AF_INET, SOCK_DGRAM, 0);
        bind_loopback(four_, AF_INET);
        const ip_mreqn any{{inet_addr("239.7.7.7")}, {0}, kLoopback};
        check(setsockopt(four_, IPPROTO_IP, IP_ADD_MEMBERSHIP, &any, sizeof any), "IP_ADD_MEMBERSHIP");
        const ip_mreq_source one{{inet_addr("232.7.7.7")}, {htonl(INADDR_LOOPBACK)}, {inet_addr("10.9.8.7")}};
        check(setsockopt(four_, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, &one, sizeof one),
              "IP_ADD_SOURCE_MEMBERSHIP");
        const ip_mreq_source not_one{
            {inet_addr("239.7.7.7")}, {htonl(INADDR_LOOPBACK)}, {inet_addr("10.9.8.6")}};
        check(setsockopt(four_, IPPROTO_IP, IP_BLOCK_SOURCE, &not_one, sizeof not_one), "IP_BLOCK_SOURCE");
        six_ = open_socket(AF_INET6, SOCK_DGRAM, 0);
        ipv6_mreq request{};
        inet_pton(AF_INET6, "ff15::77", &request.ipv6mr_multiaddr);
        request.ipv6mr_interface = kLoopback;
        check(setsockopt(six_, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &request, sizeof request),
              "IPV6_ADD_MEMBERSHIP");
        netlink_ = open_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
        for (const int group : {static_cast<int>(RTNLGRP_LINK), static_cast<int>(RTNLGRP_NEXTHOP) + 2})
            check(setsockopt(netlink_, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group),
                  "NETLINK_ADD_MEMBERSHIP");
    }

    void verify() override {
        require(sources("239.7.7.7") == "exclude 10.9.8.6", "239.7.7.7: ", sources("239.7.7.7"));
        require(sources("232.7.7.7") == "include 10.9.8.7", "232.7.7.7: ", sources("232.7.7.7"));
        require(sources("239.7.7.8") == "not joined", "239.7.7.8: ", sources("239.7.7.8"));
        group_filter filter{};
        socklen_t size = sizeof filter;
        filter.gf_interface = kLoopback;
        auto& group = reinterpret_cast<sockaddr_in6&>(filter.gf_group);
        group.sin6_family = AF_INET6;
        inet_pton(AF_INET6, "ff15::77", &group.sin6_addr);
        check(getsockopt(six_, IPPROTO_IPV6, MCAST_MSFILTER, &filter, &size), "MCAST_MSFILTER");
        require(filter.gf_fmode == MCAST_EXCLUDE && filter.gf_numsrc == 0, "ff15::77 is filtered");
        std::array<std::uint32_t, 8> groups{};
        size = sizeof groups;
        check(getsockopt(netlink_, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, groups.data(), &size),
              "NETLINK_LIST_MEMBERSHIPS");
        require(groups[0] == 1 && groups[1] == 1U << (RTNLGRP_NEXTHOP + 2 - 33),
                "netlink groups changed: ", groups[0], " ", groups[1]);
    }

    void damage() override {
        const ip_mreqn any{{inet_addr("239.7.7.7")}, {0}, kLoopback};
        check(setsockopt(four_, IPPROTO_IP, IP_DROP_MEMBERSHIP, &any, sizeof any), "IP_DROP_MEMBERSHIP");
    }

  private:
    static constexpr int kLoopback = 1;  // its index, in every network namespace

    std::string sources(const char* group) const {
        std::array<char, IP_MSFILTER_SIZE(4)> room{};
        auto& filter = reinterpret_cast<ip_msfilter&>(room);
        filter.imsf_multiaddr.s_addr = inet_addr(group);
        filter.imsf_interface.s_addr = htonl(INADDR_LOOPBACK);
        filter.imsf_numsrc = 4;
        socklen_t size = sizeof room;
        if (getsockopt(four_, IPPROTO_IP, IP_MSFILTER, &filter, &size) != 0) return "not joined";
        std::string text = filter.imsf_fmode == MCAST_EXCLUDE ? "exclude" : "include";
        for (unsigned i = 0; i < filter.imsf_numsrc; ++i)
            text += std::string(" ") + inet_ntoa((&filter.imsf_slist[0])[i]);
        return text;
    }

    int four_ = -1, six_ = -1, netlink_ = -1;
};

NAP_GUEST_STATE("socket_options", SocketOptions);
NAP_GUEST_STATE("socket_groups", SocketGroups);

}  // namespace
}  // namespace guest
