// SPDX-License-Identifier: GPL-2.0-only
#include "agent/firewall/translation.hpp"

#include <linux/netfilter/nfnetlink_conntrack.h>

#include <algorithm>
#include <array>

namespace nap::agent {

namespace {

struct Side {
    std::string address, port;  // as they lie in the message; port: or the number of an ICMP exchange
    bool six = false;
    friend bool operator==(const Side&, const Side&) = default;
};

constexpr std::array kNumbersOfExchanges = {CTA_PROTO_ICMP_ID, CTA_PROTO_ICMPV6_ID};

Side side_of(std::string_view tuple, bool source) {
    Side side;
    const auto addresses = nested(tuple, {CTA_TUPLE_IP}), protocol = nested(tuple, {CTA_TUPLE_PROTO});
    side.six = find_value(addresses, 0, CTA_IP_V6_SRC).has_value();
    side.address = nested(addresses, {side.six ? (source ? CTA_IP_V6_SRC : CTA_IP_V6_DST)
                                               : (source ? CTA_IP_V4_SRC : CTA_IP_V4_DST)});
    side.port = nested(protocol, {source ? CTA_PROTO_SRC_PORT : CTA_PROTO_DST_PORT});
    for (const int number : kNumbersOfExchanges)
        if (const auto value = find_value(protocol, 0, number)) side.port = *value;
    return side;
}

// `tuple` between other sides.
Body between(std::string_view tuple, const Side& from, const Side& to) {
    Body addresses, protocol, changed;
    add_attribute(addresses, from.six ? CTA_IP_V6_SRC : CTA_IP_V4_SRC, from.address);
    add_attribute(addresses, from.six ? CTA_IP_V6_DST : CTA_IP_V4_DST, to.address);
    for (const Attribute& each : attributes_of(nested(tuple, {CTA_TUPLE_PROTO}), 0)) {
        if (each.type == CTA_PROTO_SRC_PORT ||
            std::ranges::find(kNumbersOfExchanges, each.type) != kNumbersOfExchanges.end())
            add_attribute(protocol, each.type, from.port);
        else if (each.type == CTA_PROTO_DST_PORT)
            add_attribute(protocol, each.type, to.port);
        else
            add_whole(protocol, each);
    }
    add_nested(changed, CTA_TUPLE_IP, addresses);
    add_nested(changed, CTA_TUPLE_PROTO, protocol);
    for (const Attribute& each : attributes_of(tuple, 0))
        if (each.type != CTA_TUPLE_IP && each.type != CTA_TUPLE_PROTO) add_whole(changed, each);
    return changed;
}

// To exactly this side.
Body translation_to(const Side& side) {
    Body translation, ports;
    add_attribute(translation, side.six ? CTA_NAT_V6_MINIP : CTA_NAT_V4_MINIP, side.address);
    add_attribute(translation, side.six ? CTA_NAT_V6_MAXIP : CTA_NAT_V4_MAXIP, side.address);
    if (side.port.empty()) return translation;
    add_attribute(ports, CTA_PROTONAT_PORT_MIN, side.port);
    add_attribute(ports, CTA_PROTONAT_PORT_MAX, side.port);
    add_nested(translation, CTA_NAT_PROTO, ports);
    return translation;
}

}  // namespace

void add_answers(Body& message, std::string_view asked, std::string_view answers, bool done) {
    const Side from = side_of(asked, true), to = side_of(asked, false);
    const Side answers_from = side_of(answers, true), answers_to = side_of(answers, false);
    const bool exchange = !find_value(nested(asked, {CTA_TUPLE_PROTO}), 0, CTA_PROTO_SRC_PORT) &&
                          !from.port.empty();  // it has one number for both sides
    const bool source = answers_to != from;
    const bool destination = exchange ? answers_from.address != to.address : answers_from != to;
    if (!source && !destination && !done) {
        add_nested(message, CTA_TUPLE_REPLY, answers);
        return;
    }
    add_nested(message, CTA_TUPLE_REPLY, between(answers, to, from));
    if (destination)
        add_nested(
            message, CTA_NAT_DST,
            translation_to(exchange ? Side{answers_from.address, "", answers_from.six} : answers_from));
    if (source || !destination) add_nested(message, CTA_NAT_SRC, translation_to(answers_to));
}

}  // namespace nap::agent
