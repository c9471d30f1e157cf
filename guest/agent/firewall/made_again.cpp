// SPDX-License-Identifier: GPL-2.0-only
#include "agent/firewall/made_again.hpp"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <initializer_list>

namespace nap::agent {

namespace {

constexpr std::size_t kHeader = sizeof(nfgenmsg);

Body without(std::string_view body, std::initializer_list<int> types) {
    return with_attributes(body, kHeader, [&](const Attribute& each) {
        return std::ranges::find(types, each.type) == types.end();
    });
}

Body chain_again(const ListedItem& item, const NamelessChains& chains) {
    Body again = without(item.body, {NFTA_CHAIN_HANDLE, NFTA_CHAIN_USE, NFTA_CHAIN_PAD, NFTA_CHAIN_ID});
    const auto nameless = chains.find(item.name);
    if (nameless == chains.end()) return again;
    again = without(again, {NFTA_CHAIN_NAME});
    add_number(again, NFTA_CHAIN_ID, nameless->second);
    return again;
}

Body rule_again(const ListedItem& item, const NamelessChains& chains) {
    Body again = without(item.body, {NFTA_RULE_HANDLE, NFTA_RULE_POSITION, NFTA_RULE_PAD,
                                     NFTA_RULE_EXPRESSIONS, NFTA_RULE_COMPAT});
    if (const auto nameless = chains.find(item.name); nameless != chains.end()) {
        again = without(again, {NFTA_RULE_CHAIN});
        add_number(again, NFTA_RULE_CHAIN_ID, nameless->second);
    }
    const auto expressions = find_value(item.body, kHeader, NFTA_RULE_EXPRESSIONS);
    if (!expressions) return again;
    add_nested(again, NFTA_RULE_EXPRESSIONS, amended_expressions(*expressions, chains));
    if (const auto compatibility = compatibility_of(*expressions))
        add_nested(again, NFTA_RULE_COMPAT, *compatibility);
    return again;
}

Body set_again(const ListedItem& item, std::uint32_t id) {
    Body again = with_attributes(item.body, kHeader, [](const Attribute& each) {
        return each.type != NFTA_SET_HANDLE && each.type != NFTA_SET_PAD && each.type != NFTA_SET_ID &&
               each.type <= NFTA_SET_EXPRESSIONS;  // what came later is told, not asked for
    });
    add_number(again, NFTA_SET_ID, id);
    return again;
}

Body element_again(std::string_view element) {
    Body again;
    for (const Attribute& each : attributes_of(element, 0)) {
        if (each.type == NFTA_SET_ELEM_EXPR)
            add_nested(again, each.type, amended_expression(each.value, {}));
        else if (each.type == NFTA_SET_ELEM_EXPRESSIONS)
            add_nested(again, each.type, amended_expressions(each.value, {}));
        else if (each.type != NFTA_SET_ELEM_PAD)
            add_whole(again, each);
    }
    return again;
}

Body elements_again(const ListedItem& item) {
    Body again = without(item.body, {NFTA_SET_ELEM_LIST_ELEMENTS, NFTA_SET_ELEM_LIST_SET_ID});
    Body elements;
    for (const Attribute& each :
         attributes_of(find_value(item.body, kHeader, NFTA_SET_ELEM_LIST_ELEMENTS).value_or(""), 0))
        add_nested(elements, each.type, element_again(each.value));
    add_nested(again, NFTA_SET_ELEM_LIST_ELEMENTS, elements);
    return again;
}

Body object_again(const ListedItem& item) {
    const auto type = find_value(item.body, kHeader, NFTA_OBJ_TYPE);
    const bool quota = type && number_in<std::uint32_t>(*type) == NFT_OBJECT_QUOTA;
    Body again = without(item.body, {NFTA_OBJ_HANDLE, NFTA_OBJ_USE, NFTA_OBJ_PAD, NFTA_OBJ_DATA});
    if (const auto data = find_value(item.body, kHeader, NFTA_OBJ_DATA))
        add_nested(again, NFTA_OBJ_DATA, quota ? amended_quota(*data) : Body(*data));
    return again;
}

}  // namespace

Body made_again(const ListedItem& item, const NamelessChains& chains, std::uint32_t set_id) {
    switch (item.message) {
        case NFT_MSG_NEWTABLE:
            return without(item.body, {NFTA_TABLE_HANDLE, NFTA_TABLE_USE, NFTA_TABLE_PAD, NFTA_TABLE_OWNER});
        case NFT_MSG_NEWCHAIN:
            return chain_again(item, chains);
        case NFT_MSG_NEWRULE:
            return rule_again(item, chains);
        case NFT_MSG_NEWSET:
            return set_again(item, set_id);
        case NFT_MSG_NEWSETELEM:
            return elements_again(item);
        case NFT_MSG_NEWOBJ:
            return object_again(item);
        default:
            return without(item.body, {NFTA_FLOWTABLE_HANDLE, NFTA_FLOWTABLE_USE, NFTA_FLOWTABLE_PAD});
    }
}

NamelessChains nameless_chains(const ListedTable& table, std::uint32_t first) {
    NamelessChains chains;
    for (const ListedItem& item : table.items)
        if (item.message == NFT_MSG_NEWCHAIN)
            if (const auto flags = find_value(item.body, kHeader, NFTA_CHAIN_FLAGS);
                flags && (number_in<std::uint32_t>(*flags) & NFT_CHAIN_BINDING) != 0)
                chains.emplace(item.name, first++);
    return chains;
}

}  // namespace nap::agent
