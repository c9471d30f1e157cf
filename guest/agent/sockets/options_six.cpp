// SPDX-License-Identifier: GPL-2.0-only
// Options of IPv6 that no call tells.
#include <linux/in6.h>
#include <linux/ipv6.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "agent/sockets/options.hpp"

namespace nap::agent {

namespace {

using channel::Json;
using enum SocketWord;

constexpr int kMostEntries = 4096;
constexpr std::uint64_t kTicksPerSecond = 250;  // CONFIG_HZ of Debian's kernels
constexpr std::uint64_t kShortest = 6;          // seconds: what the kernel allows (FL_MIN_LINGER)
constexpr std::uint64_t kLongest = 150;         // of others than CAP_NET_ADMIN

// Those with which packets are sent, unless a packet has its own.
void add_sticky(const SeenSocket& socket, Json& options) {
    const std::array<std::uint64_t, 2> address{socket[sticky_address_high], socket[sticky_address_low]};
    if (socket[sticky_index] == 0 && address[0] == 0 && address[1] == 0) return;
    in6_pktinfo sticky{};
    static_assert(sizeof sticky.ipi6_addr == sizeof address);
    std::memcpy(&sticky.ipi6_addr, address.data(), sizeof address);
    sticky.ipi6_ifindex = static_cast<int>(socket[sticky_index]);
    add_option(options, IPPROTO_IPV6, IPV6_PKTINFO, sticky);
}

// Raw sockets that are given packets with the router alert option of one value.
Result<> add_alert(const RunningKernel& kernel, const SeenSocket& socket, Json& options) {
    NAP_TRY(const auto chain, kernel.symbol("ip6_ra_chain"));
    NAP_TRY(std::uint64_t at, kernel.value<std::uint64_t>(chain));
    for (int i = 0; at != 0 && i < kMostEntries; ++i) {
        NAP_TRY(const auto told, kernel.field(at, "ip6_ra_chain", "sk"));
        if (told == socket[sock]) {
            NAP_TRY(const auto value, kernel.field<int>(at, "ip6_ra_chain", "sel"));
            add_option(options, IPPROTO_IPV6, IPV6_ROUTER_ALERT, value);
            return {};
        }
        NAP_TRY(at, kernel.field(at, "ip6_ra_chain", "next"));
    }
    return {};
}

Result<> add_anycast(const RunningKernel& kernel, std::uint64_t at, Json& options) {
    for (int i = 0; at != 0 && i < kMostEntries; ++i) {
        ipv6_mreq joined{};
        NAP_TRY(joined.ipv6mr_multiaddr, kernel.field<in6_addr>(at, "ipv6_ac_socklist", "acl_addr"));
        NAP_TRY(joined.ipv6mr_ifindex, kernel.field<int>(at, "ipv6_ac_socklist", "acl_ifindex"));
        add_option(options, IPPROTO_IPV6, IPV6_JOIN_ANYCAST, joined);
        NAP_TRY(at, kernel.field(at, "ipv6_ac_socklist", "acl_next"));
    }
    return {};
}

Result<in6_flowlabel_req> lease(const RunningKernel& kernel, std::uint64_t label) {
    constexpr const char* kType = "ip6_flowlabel";
    in6_flowlabel_req request{};
    request.flr_action = IPV6_FL_A_GET;
    request.flr_flags = IPV6_FL_F_CREATE;
    NAP_TRY(request.flr_dst, kernel.field<in6_addr>(label, kType, "dst"));
    NAP_TRY(request.flr_label, kernel.field<std::uint32_t>(label, kType, "label"));
    NAP_TRY(request.flr_share, kernel.field<std::uint8_t>(label, kType, "share"));
    NAP_TRY(const auto linger, kernel.field(label, kType, "linger"));
    NAP_TRY(const auto expires, kernel.field(label, kType, "expires"));
    NAP_TRY(const auto now_at, kernel.symbol("jiffies"));
    NAP_TRY(const auto now, kernel.value<std::uint64_t>(now_at));
    const std::uint64_t left = expires > now ? (expires - now) / kTicksPerSecond : 0;
    request.flr_linger =
        static_cast<std::uint16_t>(std::clamp(linger / kTicksPerSecond, kShortest, kLongest));
    request.flr_expires = static_cast<std::uint16_t>(std::clamp(left, kShortest, std::uint64_t{0xffff}));
    return request;
}

Result<> add_flow_labels(const RunningKernel& kernel, const SeenSocket& socket, Json& options) {
    NAP_TRY(const auto labels, flow_labels_of(kernel, socket));
    for (const std::uint64_t label : labels) {
        NAP_TRY(const auto request, lease(kernel, label));
        add_option(options, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, request);
    }
    return {};
}

}  // namespace

Result<std::vector<std::uint64_t>> flow_labels_of(const RunningKernel& kernel, const SeenSocket& socket) {
    std::vector<std::uint64_t> labels;
    std::uint64_t at = socket[flow_labels] | socket[flow_labels_of_inet];  // where this kernel keeps them
    for (int i = 0; at != 0 && i < kMostEntries; ++i) {
        NAP_TRY(const auto label, kernel.field(at, "ipv6_fl_socklist", "fl"));
        labels.push_back(label);
        NAP_TRY(at, kernel.field(at, "ipv6_fl_socklist", "next"));
    }
    return labels;
}

Result<> add_options_six(const RunningKernel& kernel, const SeenSocket& socket, Json& options) {
    if (socket[fragment_size] != 0)
        add_option(options, IPPROTO_IPV6, IPV6_MTU, static_cast<int>(socket[fragment_size]));
    add_sticky(socket, options);
    if (socket[type] == SOCK_RAW) NAP_CHECK(add_alert(kernel, socket, options));
    NAP_CHECK(add_anycast(kernel, socket[anycast], options));
    return add_flow_labels(kernel, socket, options);
}

}  // namespace nap::agent
