// SPDX-License-Identifier: GPL-2.0-only
#include "agent/firewall/listed.hpp"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>

#include "agent/firewall/ruleset.hpp"

namespace nap::agent {

namespace {

// Where each kind of message has its table, name and number.
struct Places {
    const char* what;
    int message, table, name, handle;
};
constexpr int kNowhere = -1;
constexpr Places kPlaces[] = {
    {"the table", NFT_MSG_NEWTABLE, NFTA_TABLE_NAME, NFTA_TABLE_NAME, NFTA_TABLE_HANDLE},
    {"the chain", NFT_MSG_NEWCHAIN, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, NFTA_CHAIN_HANDLE},
    {"the object", NFT_MSG_NEWOBJ, NFTA_OBJ_TABLE, NFTA_OBJ_NAME, NFTA_OBJ_HANDLE},
    {"the flowtable", NFT_MSG_NEWFLOWTABLE, NFTA_FLOWTABLE_TABLE, NFTA_FLOWTABLE_NAME, NFTA_FLOWTABLE_HANDLE},
    {"the set", NFT_MSG_NEWSET, NFTA_SET_TABLE, NFTA_SET_NAME, NFTA_SET_HANDLE},
    {"a rule of the chain", NFT_MSG_NEWRULE, NFTA_RULE_TABLE, NFTA_RULE_CHAIN, NFTA_RULE_HANDLE},
    {"an element of the set", NFT_MSG_NEWSETELEM, NFTA_SET_ELEM_LIST_TABLE, NFTA_SET_ELEM_LIST_SET, kNowhere},
};

std::string text_at(std::string_view body, int type) {
    return text_of(find_value(body, sizeof(nfgenmsg), type).value_or(""));
}

const Places* places_of(int type) {
    for (const Places& each : kPlaces)
        if (nf_tables_type(each.message) == type) return &each;
    return nullptr;
}

}  // namespace

std::string described(int type, std::string_view body) {
    const Places* places = places_of(type);
    if (places == nullptr) return "something";
    return std::string(places->what) + " " + text_at(body, places->name) + " in the table " +
           text_at(body, places->table);
}

std::vector<ListedTable> sorted(std::span<const Netlink::Answer> ruleset) {
    std::map<std::pair<int, std::string>, ListedTable> tables;
    for (const auto& [type, body] : ruleset) {
        const Places* places = places_of(type);
        if (places == nullptr) continue;
        const int family = header_of<nfgenmsg>(body).nfgen_family;
        ListedItem item{places->message, 0, text_at(body, places->name), body};
        if (const auto handle = find_value(body, sizeof(nfgenmsg), places->handle))
            item.handle = number_in<std::uint64_t>(*handle);
        ListedTable& table = tables[{family, text_at(body, places->table)}];
        table.family = family;
        switch (item.message) {
            case NFT_MSG_NEWTABLE:
                table.self = std::move(item);
                break;
            case NFT_MSG_NEWRULE:
                table.rules.push_back(std::move(item));
                break;
            case NFT_MSG_NEWSETELEM:
                table.elements.emplace(item.name, item);
                break;
            default:
                table.items.push_back(std::move(item));
        }
    }
    std::vector<ListedTable> list;
    for (auto& [key, table] : tables)
        if (table.self.message == NFT_MSG_NEWTABLE) list.push_back(std::move(table));
    std::ranges::stable_sort(list, {}, [](const ListedTable& each) { return each.self.handle; });
    return list;
}

}  // namespace nap::agent
