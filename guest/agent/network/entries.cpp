// SPDX-License-Identifier: GPL-2.0-only
#include "agent/network/entries.hpp"

#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_addrlabel.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

namespace nap::agent {

namespace {

constexpr int kNewAddress = RTM_NEWADDR;

bool has(std::string_view body, std::size_t header, int type) {
    return std::ranges::any_of(attributes_of(body, header),
                               [&](const Attribute& each) { return each.type == type; });
}

// Of the links that a route leads over only what was asked for, not their state.
std::string plain_paths(std::string_view paths) {
    std::string plain(paths);
    for (std::size_t at = 0; at + sizeof(rtnexthop) <= plain.size();) {
        auto hop = header_of<rtnexthop>(std::string_view(plain).substr(at));
        if (hop.rtnh_len < sizeof hop) break;
        hop.rtnh_flags &= RTNH_F_ONLINK;
        std::memcpy(plain.data() + at, &hop, sizeof hop);
        at += NLMSG_ALIGN(hop.rtnh_len);
    }
    return plain;
}

std::uint32_t flags_of(std::string_view address) {
    for (const Attribute& each : attributes_of(address, sizeof(ifaddrmsg)))
        if (each.type == IFA_FLAGS) return value_of<std::uint32_t>(each);
    return header_of<ifaddrmsg>(address).ifa_flags;
}

Body with_flags(const Body& address, std::uint32_t flags) {
    Body changed = with_attributes(address, sizeof(ifaddrmsg),
                                   [](const Attribute& each) { return each.type != IFA_FLAGS; });
    add_value(changed, IFA_FLAGS, flags);
    return changed;
}

// Duplicate address detection is not gone through again: the address was in use a moment ago. Afterwards it
// looks as it did.
Result<int> add_address(Netlink& netlink, const Table& table, const Body& address) {
    const std::uint32_t flags = flags_of(address);
    const bool detect = (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) != 0;
    if (header_of<ifaddrmsg>(address).ifa_family != AF_INET6 || detect)
        return netlink.change(table.add, table.flags, address);
    NAP_TRY(const int error,
            netlink.change(table.add, table.flags, with_flags(address, flags | IFA_F_NODAD)));
    if (error != 0 || (flags & IFA_F_NODAD) != 0) return error;
    return netlink.change(table.add, NLM_F_REPLACE, with_flags(address, flags));
}

}  // namespace

std::optional<Body> plain_address(std::string_view body) {
    auto header = header_of<ifaddrmsg>(body);
    Body plain = with_attributes(body, sizeof header, [](const Attribute& each) {
        return each.type != IFA_FLAGS && each.type != IFA_CACHEINFO;
    });
    // Which one is secondary follows from their order
    std::uint32_t flags = flags_of(body);
    if (header.ifa_family == AF_INET) flags &= ~std::uint32_t{IFA_F_SECONDARY};
    header.ifa_flags = 0;
    set_header(plain, header);
    add_value(plain, IFA_FLAGS, flags);
    for (const Attribute& each : attributes_of(body, sizeof header))
        if (each.type == IFA_CACHEINFO) {
            auto lifetimes = value_of<ifa_cacheinfo>(each);
            lifetimes.cstamp = lifetimes.tstamp = 0;
            add_value(plain, IFA_CACHEINFO, lifetimes);
        }
    return plain;
}

std::optional<Body> plain_label(std::string_view body) {
    Body plain(body);
    auto header = header_of<ifaddrlblmsg>(body);
    header.ifal_seq = 0;
    set_header(plain, header);
    return plain;
}

std::optional<Body> plain_next_hop(std::string_view body) {
    auto header = header_of<nhmsg>(body);
    Body plain = with_attributes(body, sizeof header, [](const Attribute& each) {
        return each.type <= NHA_ENCAP || each.type == NHA_FDB || each.type == NHA_RES_GROUP;
    });
    header.nh_flags &= RTNH_F_ONLINK;
    set_header(plain, header);
    return plain;
}

std::optional<Body> plain_rule(std::string_view body) {
    auto header = header_of<fib_rule_hdr>(body);
    Body plain =
        with_attributes(body, sizeof header, [](const Attribute& each) { return each.type != FRA_PAD; });
    header.flags &= FIB_RULE_PERMANENT | FIB_RULE_INVERT;
    set_header(plain, header);
    // Without one, the kernel would choose
    if (!has(plain, sizeof header, FRA_PRIORITY)) add_value(plain, FRA_PRIORITY, std::uint32_t{0});
    return plain;
}

std::optional<Body> plain_route(std::string_view body) {
    auto header = header_of<rtmsg>(body);
    if ((header.rtm_flags & RTM_F_CLONED) != 0) return std::nullopt;
    // Those of IPv6 follow from the addresses, a moment later
    if (header.rtm_family == AF_INET6 && header.rtm_protocol == RTPROT_KERNEL &&
        header.rtm_type != RTN_UNICAST)
        return std::nullopt;
    const bool by_next_hop = has(body, sizeof header, RTA_NH_ID);
    Body plain = with_attributes(body, sizeof header, [&](const Attribute& each) {
        switch (each.type) {
            case RTA_CACHEINFO:
            case RTA_MULTIPATH:
            case RTA_PAD:
                return false;
            case RTA_OIF:
            case RTA_GATEWAY:
            case RTA_VIA:
            case RTA_ENCAP:
            case RTA_ENCAP_TYPE:
                return !by_next_hop;
            default:
                return true;
        }
    });
    header.rtm_flags &= by_next_hop ? 0U : RTNH_F_ONLINK;
    set_header(plain, header);
    for (const Attribute& each : attributes_of(body, sizeof header)) {
        if (each.type == RTA_MULTIPATH && !by_next_hop)
            add_attribute(plain, RTA_MULTIPATH, plain_paths(each.value));
        if (each.type == RTA_CACHEINFO)
            if (const auto ticks = value_of<rta_cacheinfo>(each).rta_expires; ticks > 0)
                add_value(plain, RTA_EXPIRES, static_cast<std::uint32_t>(ticks / ::sysconf(_SC_CLK_TCK) + 1));
    }
    return plain;
}

std::optional<Body> plain_neighbour(std::string_view body) {
    auto header = header_of<ndmsg>(body);
    if (header.ndm_family != AF_INET && header.ndm_family != AF_INET6) return std::nullopt;
    constexpr int kInUse = NUD_STALE | NUD_DELAY | NUD_PROBE;
    const bool proxy = (header.ndm_flags & NTF_PROXY) != 0;
    if (!proxy && (header.ndm_state & (NUD_PERMANENT | NUD_REACHABLE | kInUse)) == 0) return std::nullopt;
    if ((header.ndm_state & kInUse) != 0) header.ndm_state = NUD_STALE;
    header.ndm_type = 0;
    Body plain = with_attributes(body, sizeof header, [](const Attribute& each) {
        return each.type == NDA_DST || each.type == NDA_LLADDR || each.type == NDA_PROTOCOL;
    });
    set_header(plain, header);
    return plain;
}

std::optional<Body> plain_queue(std::string_view body) {
    auto header = header_of<tcmsg>(body);
    if (header.tcm_handle == 0) return std::nullopt;  // the kernel's own choice
    header.tcm_info = 0;
    Body plain = with_attributes(body, sizeof header, [](const Attribute& each) {
        return each.type == TCA_KIND || each.type == TCA_OPTIONS;
    });
    set_header(plain, header);
    return plain;
}

Result<int> add_entry(Netlink& netlink, const Table& table, const Body& entry) {
    if (table.add == kNewAddress) return add_address(netlink, table, entry);
    return netlink.change(table.add, table.flags, entry);
}

const std::vector<Table>& tables() {
    const auto of = [](auto header, int family, auto set_family) {
        set_family(header, family);
        return body_of(header);
    };
    const auto address = [&](int family) {
        return of(ifaddrmsg{}, family,
                  [](auto& header, int value) { header.ifa_family = static_cast<unsigned char>(value); });
    };
    const auto route = [&](int family) {
        return of(rtmsg{}, family,
                  [](auto& header, int value) { header.rtm_family = static_cast<unsigned char>(value); });
    };
    const auto neighbours = [](int family, int flags) {
        ndmsg header{};
        header.ndm_family = static_cast<unsigned char>(family);
        header.ndm_flags = static_cast<unsigned char>(flags);
        return body_of(header);
    };
    ifaddrlblmsg label{};
    label.ifal_family = AF_INET6;
    constexpr int kAppend = NLM_F_CREATE | NLM_F_APPEND;
    static const std::vector<Table> all = {
        {"queues",
         RTM_GETQDISC,
         RTM_NEWQDISC,
         RTM_DELQDISC,
         {body_of(tcmsg{})},
         plain_queue,
         NLM_F_CREATE | NLM_F_REPLACE,
         true,
         false},
        {"IPv4 addresses",
         RTM_GETADDR,
         RTM_NEWADDR,
         RTM_DELADDR,
         {address(AF_INET)},
         plain_address,
         NLM_F_CREATE,
         true,
         true},
        {"IPv6 addresses",
         RTM_GETADDR,
         RTM_NEWADDR,
         RTM_DELADDR,
         {address(AF_INET6)},
         plain_address,
         NLM_F_CREATE,
         true,
         false},
        {"address labels",
         RTM_GETADDRLABEL,
         RTM_NEWADDRLABEL,
         RTM_DELADDRLABEL,
         {body_of(label)},
         plain_label,
         NLM_F_CREATE,
         true,
         false},
        {"next hops",
         RTM_GETNEXTHOP,
         RTM_NEWNEXTHOP,
         RTM_DELNEXTHOP,
         {body_of(nhmsg{})},
         plain_next_hop,
         NLM_F_CREATE,
         true,
         false},
        {"rules",
         RTM_GETRULE,
         RTM_NEWRULE,
         RTM_DELRULE,
         {route(AF_INET), route(AF_INET6)},
         plain_rule,
         NLM_F_CREATE,
         true,
         false},
        {"routes",
         RTM_GETROUTE,
         RTM_NEWROUTE,
         RTM_DELROUTE,
         {route(AF_INET), route(AF_INET6)},
         plain_route,
         kAppend,
         true,
         false},
        {"neighbours",
         RTM_GETNEIGH,
         RTM_NEWNEIGH,
         RTM_DELNEIGH,
         {neighbours(AF_INET, 0), neighbours(AF_INET6, 0), neighbours(AF_INET, NTF_PROXY),
          neighbours(AF_INET6, NTF_PROXY)},
         plain_neighbour,
         NLM_F_CREATE | NLM_F_REPLACE,
         false,
         false},
    };
    return all;
}

}  // namespace nap::agent
