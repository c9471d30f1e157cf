// SPDX-License-Identifier: GPL-2.0-only
// Sockets of kinds, and in states, that CRIU refuses.
#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "harness.hpp"
#include "sockets/message.hpp"

namespace guest {
namespace {

int open_socket(int domain, int type, int protocol) {
    return static_cast<int>(check(socket(domain, type, protocol), "socket"));
}

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

void bind_loopback(int fd, std::uint16_t port) {
    const auto address = loopback(port);
    check(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
}

void connect_loopback(int fd, std::uint16_t port) {
    const auto address = loopback(port);
    check(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), "connect");
}

void hold_xdp() {
    open_socket(AF_XDP, SOCK_RAW, 0);
}
void hold_mptcp() {
    open_socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
}
void hold_ping() {
    write_text("/proc/sys/net/ipv4/ping_group_range", "0 0");
    open_socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
}

// A datagram half written.
void hold_udp_corked() {
    const int fd = open_socket(AF_INET, SOCK_DGRAM, 0), on = 1;
    check(setsockopt(fd, IPPROTO_UDP, UDP_CORK, &on, sizeof on), "UDP_CORK");
    connect_loopback(fd, 7412);
    write_exactly(fd, "half", "corked socket");
}

int open_netlink() {
    const int fd = open_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    check(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
    return fd;
}

void hold_netlink_unread() {
    const int fd = open_netlink();
    struct {
        nlmsghdr header;
        rtgenmsg message;
    } request{};
    request.header.nlmsg_len = NLMSG_LENGTH(sizeof(rtgenmsg));
    request.header.nlmsg_type = RTM_GETLINK;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.message.rtgen_family = AF_UNSPEC;
    check(send(fd, &request, sizeof request, 0), "ask for links");
}

// A program that lets everything pass, and that nobody but the socket has.
void hold_socket_bpf() {
    const std::array<bpf_insn, 2> program{
        {{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0xffff}, {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}}};
    bpf_attr attributes{};
    attributes.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
    attributes.insns = reinterpret_cast<std::uintptr_t>(program.data());
    attributes.insn_cnt = program.size();
    attributes.license = reinterpret_cast<std::uintptr_t>("GPL");
    const int loaded = static_cast<int>(
        check(syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes), "BPF_PROG_LOAD"));
    const int fd = open_socket(AF_INET, SOCK_DGRAM, 0);
    check(setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &loaded, sizeof loaded), "SO_ATTACH_BPF");
    close(loaded);
}

// A program that always chooses the first member.
int open_steered(int type) {
    const int fd = open_socket(AF_INET, type, 0), on = 1;
    check(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), "SO_REUSEPORT");
    bind_loopback(fd, 7413);
    sock_filter first[] = {{BPF_RET | BPF_K, 0, 0, 0}};
    const sock_fprog program{1, first};
    check(setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program),
          "SO_ATTACH_REUSEPORT_CBPF");
    return fd;
}
void hold_reuseport_udp() {
    open_steered(SOCK_DGRAM);
}
void hold_reuseport_tcp() {
    check(listen(open_steered(SOCK_STREAM), 4), "listen");
}

// The last byte of what waits at one end is urgent.
void hold_tcp_urgent() {
    const int listener = open_socket(AF_INET, SOCK_STREAM, 0), client = open_socket(AF_INET, SOCK_STREAM, 0);
    bind_loopback(listener, 7414);
    check(listen(listener, 1), "listen");
    connect_loopback(client, 7414);
    check(accept(listener, nullptr, nullptr), "accept");
    check(send(client, "urgent", 6, MSG_OOB), "send");
}
void hold_unix_urgent() {
    int ends[2];
    check(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), "socketpair");
    check(send(ends[0], "urgent", 6, MSG_OOB), "send");
}

void listen_at(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const int fd = open_socket(AF_UNIX, SOCK_STREAM, 0);
    check(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
    check(listen(fd, 1), "listen");
}

void hold_unix_renamed() {
    const std::string path = disk_directory("unix_renamed") + "/";
    listen_at(path + "before");
    check(rename((path + "before").c_str(), (path + "after").c_str()), "rename");
}

void hold_unix_moved() {
    const std::string path = disk_directory("unix_moved") + "/";
    listen_at(path + "socket");
    check(mkdir((path + "elsewhere").c_str(), 0755), "mkdir");
    check(rename((path + "socket").c_str(), (path + "elsewhere/socket").c_str()), "rename");
}

// With a datagram that waits there; whoever gets the socket may read it.
void hold_socket_sent() {
    const int fd = open_socket(AF_INET, SOCK_DGRAM, 0);
    bind_loopback(fd, 7415);
    connect_loopback(fd, 7415);
    write_exactly(fd, "waits", "socket of its own");
    int ends[2];
    check(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), "socketpair");
    send_descriptor(ends[0], fd);
    close(fd);
}

// A group of two, of which the kernel chooses.
void hold_reuseport_group() {
    for (int i = 0; i < 2; ++i) {
        const int fd = open_socket(AF_INET, SOCK_DGRAM, 0), on = 1;
        check(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), "SO_REUSEPORT");
        bind_loopback(fd, 7416);
    }
}

// It has seen packets that nobody has counted.
void hold_packet_counts() {
    const int fd = open_socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL));
    const int sender = open_socket(AF_INET, SOCK_DGRAM, 0);
    connect_loopback(sender, 7417);
    write_exactly(sender, "seen", "datagram");
    char byte;
    check(recv(fd, &byte, 1, 0), "recv");
}

// A group of one, whose member a program chooses.
void hold_packet_fanout() {
    const int fd = open_socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP));
    const int kind = 77 | PACKET_FANOUT_CBPF << 16;
    check(setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &kind, sizeof kind), "PACKET_FANOUT");
    sock_filter first[] = {{BPF_RET | BPF_K, 0, 0, 0}};
    const sock_fprog program{1, first};
    check(setsockopt(fd, SOL_PACKET, PACKET_FANOUT_DATA, &program, sizeof program), "PACKET_FANOUT_DATA");
}

NAP_GUEST_HOLDER("xdp_socket", hold_xdp);
NAP_GUEST_HOLDER("mptcp", hold_mptcp);
NAP_GUEST_HOLDER("ping_socket", hold_ping);
NAP_GUEST_HOLDER("udp_corked", hold_udp_corked);
NAP_GUEST_HOLDER("netlink_unread", hold_netlink_unread);
NAP_GUEST_HOLDER("socket_bpf", hold_socket_bpf);
NAP_GUEST_HOLDER("reuseport_udp", hold_reuseport_udp);
NAP_GUEST_HOLDER("reuseport_tcp", hold_reuseport_tcp);
NAP_GUEST_HOLDER("packet_fanout", hold_packet_fanout);
NAP_GUEST_HOLDER("tcp_urgent", hold_tcp_urgent);
NAP_GUEST_HOLDER("unix_urgent", hold_unix_urgent);
NAP_GUEST_HOLDER("unix_renamed", hold_unix_renamed);
NAP_GUEST_HOLDER("unix_moved", hold_unix_moved);
NAP_GUEST_HOLDER("socket_sent", hold_socket_sent);
NAP_GUEST_HOLDER("reuseport_group", hold_reuseport_group);
NAP_GUEST_HOLDER("packet_counts", hold_packet_counts);

}  // namespace
}  // namespace guest
