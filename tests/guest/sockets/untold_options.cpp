// SPDX-License-Identifier: GPL-2.0-only
// Options of sockets that can be set but not asked for: what they do is what can be verified.
#include <arpa/inet.h>
#include <linux/in6.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "harness.hpp"

namespace guest {
namespace {

constexpr int kExperimental = 253;  // RFC 3692

int open_socket(int family, int type, int protocol = 0) {
    return static_cast<int>(check(socket(family, type | SOCK_CLOEXEC, protocol), "socket"));
}

template <class T>
void set(int fd, int level, int name, const T& value, const char* what) {
    check(setsockopt(fd, level, name, &value, sizeof value), what);
}

int loopback_index() {
    return static_cast<int>(if_nametoindex("lo"));
}

in6_addr loopback_six() {
    in6_addr address{};
    address.s6_addr[15] = 1;
    return address;
}

sockaddr_in6 six(const in6_addr& address, in_port_t port) {
    sockaddr_in6 whole{};
    whole.sin6_family = AF_INET6, whole.sin6_addr = address, whole.sin6_port = port;
    return whole;
}

template <class Address>
in_port_t bind_any(int fd, Address address, in_port_t Address::*port) {
    socklen_t size = sizeof address;
    check(bind(fd, reinterpret_cast<const sockaddr*>(&address), size), "bind");
    check(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
    return address.*port;
}

// A packet that only the option sends where it arrives.
template <class Address>
void require_arrives(int from, int to, const Address& address, const char* what) {
    require(sendto(from, what, std::strlen(what), 0, reinterpret_cast<const sockaddr*>(&address),
                   sizeof address) > 0,
            what, ": cannot send: ", std::strerror(errno));
    char got[64]{};
    require(recv(to, got, sizeof got, MSG_DONTWAIT) == static_cast<ssize_t>(std::strlen(what)), what,
            ": nothing arrives");
}

class UntoldOptions : public State {
  public:
    void set_up() override {
        make_multicast();
        make_sticky();
        make_labelled();
        small_ = open_socket(AF_INET6, SOCK_DGRAM);
        set(small_, IPPROTO_IPV6, IPV6_MTU, 1400, "IPV6_MTU");
        set(small_, IPPROTO_IPV6, IPV6_DONTFRAG, 1, "IPV6_DONTFRAG");
        alerted_ = open_socket(AF_INET, SOCK_RAW, kExperimental);
        set(alerted_, IPPROTO_IP, IP_ROUTER_ALERT, 1, "IP_ROUTER_ALERT");
        alerted_six_ = open_socket(AF_INET6, SOCK_RAW, IPPROTO_RAW);
        set(alerted_six_, IPPROTO_IPV6, IPV6_ROUTER_ALERT, 7, "IPV6_ROUTER_ALERT");
        member_ = open_socket(AF_INET6, SOCK_DGRAM);
        join_anycast();
    }

    void verify() override {
        require_arrives(multicast_, group_, group_address(), "IP_MULTICAST_IF");
        verify_sticky();
        const auto nobody = six(loopback_six(), htons(9));
        const std::string large(2000, 'x');
        require(sendto(small_, large.data(), large.size(), 0, reinterpret_cast<const sockaddr*>(&nobody),
                       sizeof nobody) < 0 &&
                    errno == EMSGSIZE,
                "IPV6_MTU: a datagram is sent that is too long");
        require(
            setsockopt(alerted_, IPPROTO_IP, IP_ROUTER_ALERT, &kOn, sizeof kOn) < 0 && errno == EADDRINUSE,
            "IP_ROUTER_ALERT is off");
        require(setsockopt(alerted_six_, IPPROTO_IPV6, IPV6_ROUTER_ALERT, &kOn, sizeof kOn) < 0 &&
                    errno == EADDRINUSE,
                "IPV6_ROUTER_ALERT is off");
        if (joined_.ipv6mr_interface != 0) {
            set(member_, IPPROTO_IPV6, IPV6_LEAVE_ANYCAST, joined_, "IPV6_LEAVE_ANYCAST");
            set(member_, IPPROTO_IPV6, IPV6_JOIN_ANYCAST, joined_, "IPV6_JOIN_ANYCAST");
        }
        verify_label();
    }

    void damage() override { set(small_, IPPROTO_IPV6, IPV6_MTU, 0, "IPV6_MTU"); }

  private:
    static constexpr int kOn = 1;

    [[nodiscard]] sockaddr_in group_address() const {
        sockaddr_in address{};
        address.sin_family = AF_INET, address.sin_port = group_port_;
        inet_pton(AF_INET, "239.77.1.1", &address.sin_addr);
        return address;
    }

    // On an interface that has addresses of the same network, if there is one.
    void join_anycast() {
        joined_.ipv6mr_multiaddr.s6_addr[0] = 0xfe, joined_.ipv6mr_multiaddr.s6_addr[1] = 0x80;
        joined_.ipv6mr_multiaddr.s6_addr[15] = 0x77;
        for (unsigned index = 1; index < 16; ++index) {
            joined_.ipv6mr_interface = index;
            if (setsockopt(member_, IPPROTO_IPV6, IPV6_JOIN_ANYCAST, &joined_, sizeof joined_) == 0) return;
        }
        joined_.ipv6mr_interface = 0;
    }

    void make_multicast() {
        group_ = open_socket(AF_INET, SOCK_DGRAM);
        sockaddr_in any{};
        any.sin_family = AF_INET;
        group_port_ = bind_any(group_, any, &sockaddr_in::sin_port);
        ip_mreqn lo{};
        lo.imr_ifindex = loopback_index();
        inet_pton(AF_INET, "239.77.1.1", &lo.imr_multiaddr);
        set(group_, IPPROTO_IP, IP_ADD_MEMBERSHIP, lo, "IP_ADD_MEMBERSHIP");
        multicast_ = open_socket(AF_INET, SOCK_DGRAM);
        lo.imr_multiaddr.s_addr = 0;
        set(multicast_, IPPROTO_IP, IP_MULTICAST_IF, lo, "IP_MULTICAST_IF");
    }

    void make_sticky() {
        sticky_ = open_socket(AF_INET6, SOCK_STREAM);
        set(sticky_, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO");
        in6_pktinfo here{};
        here.ipi6_addr = loopback_six(), here.ipi6_ifindex = loopback_index();
        set(sticky_, IPPROTO_IPV6, IPV6_PKTINFO, here, "IPV6_PKTINFO");
    }

    // Of streams the kernel does tell it.
    void verify_sticky() const {
        char control[256]{};
        socklen_t size = sizeof control;
        check(getsockopt(sticky_, IPPROTO_IPV6, IPV6_2292PKTOPTIONS, control, &size), "IPV6_2292PKTOPTIONS");
        msghdr header{};
        header.msg_control = control, header.msg_controllen = size;
        const cmsghdr* note = CMSG_FIRSTHDR(&header);
        in6_pktinfo told{};
        require(note != nullptr && note->cmsg_type == IPV6_PKTINFO, "a socket does not tell its address");
        std::memcpy(&told, CMSG_DATA(note), sizeof told);
        const auto address = loopback_six();
        require(static_cast<int>(told.ipi6_ifindex) == loopback_index() &&
                    std::memcmp(&told.ipi6_addr, &address, sizeof address) == 0,
                "IPV6_PKTINFO: it tells another address");
    }

    // Leased, and used for all that is sent to whom the socket is connected.
    void make_labelled() {
        labelled_ = open_socket(AF_INET6, SOCK_DGRAM);
        in6_flowlabel_req lease{};
        lease.flr_dst = loopback_six(), lease.flr_label = htonl(label_), lease.flr_action = IPV6_FL_A_GET;
        lease.flr_share = IPV6_FL_S_EXCL, lease.flr_flags = IPV6_FL_F_CREATE, lease.flr_linger = 10;
        lease.flr_expires = 3600;
        set(labelled_, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, lease, "IPV6_FLOWLABEL_MGR");
        set(labelled_, IPPROTO_IPV6, IPV6_FLOWINFO_SEND, 1, "IPV6_FLOWINFO_SEND");
        told_ = open_socket(AF_INET6, SOCK_DGRAM);
        set(told_, IPPROTO_IPV6, IPV6_FLOWINFO, 1, "IPV6_FLOWINFO");
        auto address = six(loopback_six(), 0);
        address.sin6_port = bind_any(told_, address, &sockaddr_in6::sin6_port);
        address.sin6_flowinfo = htonl(label_);
        check(connect(labelled_, reinterpret_cast<const sockaddr*>(&address), sizeof address), "connect");
    }

    void verify_label() const {
        in6_flowlabel_req renewal{};
        renewal.flr_label = htonl(label_), renewal.flr_action = IPV6_FL_A_RENEW;
        renewal.flr_linger = 10, renewal.flr_expires = 3600;
        check(setsockopt(labelled_, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, &renewal, sizeof renewal),
              "renew a flow label");
        check(send(labelled_, "x", 1, 0), "send with a flow label");
        char byte = 0, control[256];
        iovec vector{&byte, 1};
        msghdr header{};
        header.msg_iov = &vector, header.msg_iovlen = 1;
        header.msg_control = control, header.msg_controllen = sizeof control;
        check(recvmsg(told_, &header, MSG_DONTWAIT), "recvmsg");
        const cmsghdr* note = CMSG_FIRSTHDR(&header);
        require(note != nullptr && note->cmsg_type == IPV6_FLOWINFO, "a packet without a flow label came");
        std::uint32_t label = 0;
        std::memcpy(&label, CMSG_DATA(note), sizeof label);
        require(ntohl(label) == label_, "a packet with flow label ", ntohl(label), " came");
    }

    // Of this process alone: one lives on for a while after its socket
    const std::uint32_t label_ = 0x40000U | (static_cast<std::uint32_t>(getpid()) & 0xffffU);
    ipv6_mreq joined_{};  // interface 0: none
    int multicast_ = -1, group_ = -1, sticky_ = -1, small_ = -1, alerted_ = -1, alerted_six_ = -1,
        member_ = -1, labelled_ = -1, told_ = -1;
    in_port_t group_port_ = 0;
};

NAP_GUEST_STATE("untold_options", UntoldOptions);

}  // namespace
}  // namespace guest
