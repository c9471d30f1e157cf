// SPDX-License-Identifier: GPL-2.0-only
// Packets and messages that nobody has read yet, at packet, raw and netlink sockets.
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include "harness.hpp"
#include "message.hpp"

namespace guest {
namespace {

constexpr int kExperimental = 253;            // RFC 3692: a protocol of IP
constexpr std::uint16_t kEtherType = 0x88b5;  // IEEE 802: local experiments
constexpr std::uint32_t kNetlinkPort = 0x4e617001;

int open_socket(int family, int type, int protocol) {
    return static_cast<int>(check(socket(family, type | SOCK_CLOEXEC, protocol), "socket"));
}

void turn_on(int fd, int level, int name) {
    const int on = 1;
    check(setsockopt(fd, level, name, &on, sizeof on), "setsockopt");
}

template <class Address>
void send_to(int fd, const std::string& data, const Address& address) {
    check(
        sendto(fd, data.data(), data.size(), 0, reinterpret_cast<const sockaddr*>(&address), sizeof address),
        "sendto");
}

// What waits at a socket: of the first all that can be seen, of the others what they contain.
class Waiting {
  public:
    Waiting(std::string name, int fd, std::vector<std::string> data)
        : name_(std::move(name)), fd_(fd), data_(std::move(data)), first_(receive(fd, MSG_PEEK)) {}

    void verify() const {
        for (std::size_t i = 0; i < data_.size(); ++i) {
            const Message now = receive(fd_);
            if (i == 0) require(now == first_, name_, ": ", difference(now, first_));
            require(now.data.ends_with(data_[i]), name_, ": message ", i, " contains something else");
        }
        char byte = 0;
        require(recv(fd_, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN, name_, " has more messages");
    }

  private:
    std::string name_;
    int fd_;
    std::vector<std::string> data_;
    Message first_;
};

class UnreadPackets : public State {
  public:
    void set_up() override {
        for (const int type : {SOCK_RAW, SOCK_DGRAM}) {
            int& fd = type == SOCK_RAW ? packet_ : cooked_;
            fd = open_socket(AF_PACKET, type, 0);
            turn_on(fd, SOL_SOCKET, SO_TIMESTAMPNS);
            const sockaddr_ll here = link();
            check(bind(fd, reinterpret_cast<const sockaddr*>(&here), sizeof here), "bind");
        }
        raw_ = open_socket(AF_INET, SOCK_RAW, kExperimental);
        for (const int option : {IP_PKTINFO, IP_RECVTTL, IP_RECVTOS}) turn_on(raw_, IPPROTO_IP, option);
        turn_on(raw_, SOL_SOCKET, SO_TIMESTAMP);
        raw_six_ = open_socket(AF_INET6, SOCK_RAW, kExperimental);
        for (const int option : {IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS})
            turn_on(raw_six_, IPPROTO_IPV6, option);
        route_ = open_netlink(NETLINK_ROUTE, 0);
        user_ = open_netlink(NETLINK_USERSOCK, kNetlinkPort);
        turn_on(user_, SOL_SOCKET, SO_PASSCRED);
        turn_on(user_, SOL_NETLINK, NETLINK_PKTINFO);
        queue();
    }

    void verify() override {
        for (const Waiting& each : waiting_) each.verify();
        queue();
    }

    void damage() override { send_packet("one more"); }

  private:
    static sockaddr_ll link() {
        sockaddr_ll address{};
        address.sll_family = AF_PACKET;
        address.sll_protocol = htons(kEtherType);
        address.sll_ifindex = static_cast<int>(if_nametoindex("lo"));
        address.sll_halen = ETH_ALEN;
        return address;
    }

    static int open_netlink(int protocol, std::uint32_t port) {
        const int fd = open_socket(AF_NETLINK, SOCK_RAW, protocol);
        sockaddr_nl address{};
        address.nl_family = AF_NETLINK, address.nl_pid = port;
        check(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
        return fd;
    }

    static void send_packet(const std::string& data) {
        const int fd = open_socket(AF_PACKET, SOCK_DGRAM, 0);
        send_to(fd, data, link());
        close(fd);
    }

    static void send_raw(const std::string& data) {
        const int fd = open_socket(AF_INET, SOCK_RAW, kExperimental), ttl = 19;
        check(setsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl), "IP_TTL");
        sockaddr_in four{};
        four.sin_family = AF_INET, four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        send_to(fd, data, four);
        close(fd);
        const int six = open_socket(AF_INET6, SOCK_RAW, kExperimental);
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6, address.sin6_addr = in6addr_loopback;
        send_to(six, data, address);
        close(six);
    }

    // One link's description: an answer that is there at once, and whole.
    void ask_for_link() const {
        struct {
            nlmsghdr header;
            ifinfomsg message;
        } request{};
        request.header.nlmsg_len = sizeof request;
        request.header.nlmsg_type = RTM_GETLINK;
        request.header.nlmsg_flags = NLM_F_REQUEST;
        request.message.ifi_index = static_cast<int>(if_nametoindex("lo"));
        check(send(route_, &request, sizeof request, 0), "ask for a link");
    }

    static void send_netlink(const std::string& data) {
        const int fd = open_socket(AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK);
        sockaddr_nl address{};
        address.nl_family = AF_NETLINK, address.nl_pid = kNetlinkPort;
        send_to(fd, data, address);
        close(fd);
    }

    void queue() {
        const std::vector<std::string> data{"first", pattern_text(1000, 51), pattern_text(1200, 52)};
        for (const std::string& each : data) {
            send_packet(each);
            send_raw(each);
            send_netlink(each);
        }
        ask_for_link();
        waiting_.clear();
        waiting_.emplace_back("packets", packet_, data);
        waiting_.emplace_back("cooked packets", cooked_, data);
        waiting_.emplace_back("raw IPv4", raw_, data);
        waiting_.emplace_back("raw IPv6", raw_six_, data);
        waiting_.emplace_back("netlink messages", user_, data);
        waiting_.emplace_back("a kernel's answer", route_, std::vector<std::string>{""});
    }

    int packet_ = -1, cooked_ = -1, raw_ = -1, raw_six_ = -1, route_ = -1, user_ = -1;
    std::vector<Waiting> waiting_;
};

NAP_GUEST_STATE("unread_packets", UnreadPackets);

}  // namespace
}  // namespace guest
