// SPDX-License-Identifier: GPL-2.0-only
#include "agent/firewall/connections.hpp"

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>

#include "agent/firewall/translation.hpp"

namespace nap::agent {

namespace {

constexpr std::size_t kHeader = sizeof(nfgenmsg);
constexpr std::array kTaken = {CTA_HELP, CTA_MARK,   CTA_TUPLE_MASTER, CTA_SEQ_ADJ_ORIG, CTA_SEQ_ADJ_REPLY,
                               CTA_ZONE, CTA_LABELS, CTA_SYNPROXY,     CTA_TIMEOUT};
// Of a connection in a flow table the kernel tells neither state nor time.
constexpr std::uint32_t kOffloadedFor = 300;  // s

// What it has seen of segments it must see again.
std::string flags_again(std::uint8_t flags) {
    constexpr std::uint8_t kKept = IP_CT_TCP_FLAG_WINDOW_SCALE | IP_CT_TCP_FLAG_SACK_PERM |
                                   IP_CT_TCP_FLAG_CLOSE_INIT | IP_CT_TCP_FLAG_DATA_UNACKNOWLEDGED;
    const nf_ct_tcp_flags again{static_cast<std::uint8_t>((flags & kKept) | IP_CT_TCP_FLAG_BE_LIBERAL), 0xff};
    return {reinterpret_cast<const char*>(&again), sizeof again};
}

Body tcp_again(std::string_view tcp) {
    Body again = with_attributes(tcp, 0, [](const Attribute& each) {
        return each.type != CTA_PROTOINFO_TCP_FLAGS_ORIGINAL && each.type != CTA_PROTOINFO_TCP_FLAGS_REPLY;
    });
    for (const int side : {CTA_PROTOINFO_TCP_FLAGS_ORIGINAL, CTA_PROTOINFO_TCP_FLAGS_REPLY})
        add_attribute(again, side, flags_again(header_of<std::uint8_t>(nested(tcp, {side}))));
    return again;
}

Body established() {
    Body tcp;
    add_value(tcp, CTA_PROTOINFO_TCP_STATE, std::uint8_t{TCP_CONNTRACK_ESTABLISHED});
    return tcp;
}

void add_protocol(Body& message, std::string_view asked, std::optional<std::string_view> listed) {
    const auto protocol = nested(asked, {CTA_TUPLE_PROTO, CTA_PROTO_NUM});
    if (header_of<std::uint8_t>(protocol) != IPPROTO_TCP) {
        if (listed) add_nested(message, CTA_PROTOINFO, *listed);
        return;
    }
    Body information;
    add_nested(information, CTA_PROTOINFO_TCP,
               tcp_again(listed ? Body(nested(*listed, {CTA_PROTOINFO_TCP})) : established()));
    add_nested(message, CTA_PROTOINFO, information);
}

}  // namespace

std::optional<Body> tracked_again(std::string_view listed) {
    const auto asked = find_value(listed, kHeader, CTA_TUPLE_ORIG);
    const auto answers = find_value(listed, kHeader, CTA_TUPLE_REPLY);
    const auto told = find_value(listed, kHeader, CTA_STATUS);
    if (!asked || !answers || !told) return std::nullopt;
    const auto status = number_in<std::uint32_t>(*told);
    if ((status & IPS_DYING) != 0) return std::nullopt;
    Body again = body_of(header_of<nfgenmsg>(listed));
    add_nested(again, CTA_TUPLE_ORIG, *asked);
    constexpr std::uint32_t kDone = IPS_NAT_DONE_MASK;
    add_answers(again, *asked, *answers, (status & kDone) == kDone);
    constexpr std::uint32_t kSet = IPS_SEEN_REPLY | IPS_ASSURED | IPS_FIXED_TIMEOUT;
    add_number(again, CTA_STATUS, (status & kSet) | IPS_CONFIRMED);
    for (const Attribute& each : attributes_of(listed, kHeader))
        if (std::ranges::find(kTaken, each.type) != kTaken.end()) add_whole(again, each);
    if (!find_value(listed, kHeader, CTA_TIMEOUT)) add_number(again, CTA_TIMEOUT, kOffloadedFor);
    add_protocol(again, *asked, find_value(listed, kHeader, CTA_PROTOINFO));
    return again;
}

bool is_expected(std::string_view tracked) {
    return find_value(tracked, kHeader, CTA_TUPLE_MASTER).has_value();
}

Body expectation_again(std::string_view listed) {
    return with_attributes(listed, kHeader, [](const Attribute& each) { return each.type != CTA_EXPECT_ID; });
}

}  // namespace nap::agent
