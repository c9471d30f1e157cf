// SPDX-License-Identifier: GPL-2.0-only
// Sockets that are carried, though seldom seen.
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.hpp"

namespace guest {
namespace {

int open_socket(int domain, int type, int protocol) {
    return static_cast<int>(check(socket(domain, type, protocol), "socket"));
}

void hold_packet() {
    open_socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
}

void hold_packet_ring() {
    const int fd = open_socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ARP));
    tpacket_req request{};
    request.tp_block_size = 4096;
    request.tp_block_nr = 4;
    request.tp_frame_size = 2048;
    request.tp_frame_nr = 8;
    check(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof request), "PACKET_RX_RING");
    require(mmap(nullptr, 4 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED,
            "mmap of a ring");
}

void hold_icmp_raw() {
    open_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

// Connecting to somebody who never answers.
void hold_tcp_connecting() {
    const int fd = open_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(9);
    address.sin_addr.s_addr = inet_addr("10.78.0.77");
    (void)connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

void hold_netlink_group() {
    const int fd = open_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_LINK;
    check(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
}

NAP_GUEST_HOLDER("packet", hold_packet);
NAP_GUEST_HOLDER("packet_ring", hold_packet_ring);
NAP_GUEST_HOLDER("icmp_raw", hold_icmp_raw);
NAP_GUEST_HOLDER("tcp_connecting", hold_tcp_connecting);
NAP_GUEST_HOLDER("netlink_group", hold_netlink_group);

}  // namespace
}  // namespace guest
