// SPDX-License-Identifier: GPL-2.0-only
#include "agent/firewall/expressions.hpp"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <netinet/in.h>

namespace nap::agent {

namespace {

// Of `jump { ... }`: the chain by its number in this transaction, since names without an owner are the
// kernel's.
Body amended_immediate(std::string_view data, const NamelessChains& chains) {
    const auto verdict = nested(data, {NFTA_IMMEDIATE_DATA, NFTA_DATA_VERDICT});
    const auto chain = chains.find(text_of(nested(verdict, {NFTA_VERDICT_CHAIN})));
    if (chain == chains.end()) return Body(data);
    Body by_number =
        with_attributes(verdict, 0, [](const Attribute& each) { return each.type != NFTA_VERDICT_CHAIN; });
    add_number(by_number, NFTA_VERDICT_CHAIN_ID, chain->second);
    Body value;
    add_nested(value, NFTA_DATA_VERDICT, by_number);
    Body amended =
        with_attributes(data, 0, [](const Attribute& each) { return each.type != NFTA_IMMEDIATE_DATA; });
    add_nested(amended, NFTA_IMMEDIATE_DATA, value);
    return amended;
}

struct Expression {
    std::string name;
    std::string_view data;
    explicit Expression(std::string_view expression)
        : name(text_of(nested(expression, {NFTA_EXPR_NAME}))), data(nested(expression, {NFTA_EXPR_DATA})) {}

    [[nodiscard]] std::optional<std::uint32_t> number(int type) const {
        const auto value = find_value(data, 0, type);
        if (!value) return std::nullopt;
        return number_in<std::uint32_t>(*value);
    }
    [[nodiscard]] std::uint32_t protocol_register() const {
        return number(name == "meta" ? int{NFTA_META_DREG} : int{NFTA_PAYLOAD_DREG}).value_or(0);
    }
    [[nodiscard]] bool loads_protocol() const {
        if (name == "meta") return number(NFTA_META_KEY) == NFT_META_L4PROTO;
        constexpr std::uint32_t kProtocol = 9, kNextHeader = 6;  // of IPv4, IPv6
        const auto at = number(NFTA_PAYLOAD_OFFSET);
        return name == "payload" && number(NFTA_PAYLOAD_BASE) == NFT_PAYLOAD_NETWORK_HEADER &&
               number(NFTA_PAYLOAD_LEN) == 1U && (at == kProtocol || at == kNextHeader);
    }
};

}  // namespace

Body amended_quota(std::string_view data) {
    Body amended;
    for (const Attribute& each : attributes_of(data, 0)) {
        if (each.type == NFTA_QUOTA_FLAGS)
            add_number(amended, each.type,
                       number_in<std::uint32_t>(each.value) & ~std::uint32_t{NFT_QUOTA_F_DEPLETED});
        else
            add_whole(amended, each);
    }
    return amended;
}

Body amended_expression(std::string_view expression, const NamelessChains& chains) {
    const Expression parsed(expression);
    if (parsed.name != "quota" && parsed.name != "immediate") return Body(expression);
    Body amended;
    for (const Attribute& each : attributes_of(expression, 0)) {
        if (each.type == NFTA_EXPR_DATA)
            add_nested(
                amended, each.type,
                parsed.name == "quota" ? amended_quota(each.value) : amended_immediate(each.value, chains));
        else
            add_whole(amended, each);
    }
    return amended;
}

Body amended_expressions(std::string_view list, const NamelessChains& chains) {
    Body amended;
    for (const Attribute& each : attributes_of(list, 0))
        add_nested(amended, each.type, amended_expression(each.value, chains));
    return amended;
}

std::optional<Body> compatibility_of(std::string_view expressions) {
    bool of_xtables = false;
    std::uint32_t in_register = 0, protocol = 0, flags = 0;  // no register of data is 0
    for (const Attribute& each : attributes_of(expressions, 0)) {
        const Expression expression(each.value);
        of_xtables = of_xtables || expression.name == "match" || expression.name == "target";
        if (expression.loads_protocol()) {
            in_register = expression.protocol_register();
        } else if (expression.name == "cmp" && in_register != 0 &&
                   expression.number(NFTA_CMP_SREG) == in_register) {
            const auto value = nested(expression.data, {NFTA_CMP_DATA, NFTA_DATA_VALUE});
            if (value.size() == 1) protocol = header_of<std::uint8_t>(value);
            flags = expression.number(NFTA_CMP_OP) == NFT_CMP_NEQ ? NFT_RULE_COMPAT_F_INV : 0;
            in_register = 0;
        }
    }
    if (!of_xtables) return std::nullopt;
    Body compatibility;
    add_number(compatibility, NFTA_RULE_COMPAT_PROTO, protocol);
    add_number(compatibility, NFTA_RULE_COMPAT_FLAGS, flags);
    return compatibility;
}

}  // namespace nap::agent
