// SPDX-License-Identifier: GPL-2.0-only
// Listed: a ruleset of nf_tables as listed, sorted into tables and what is in them. Pure.
#pragma once

#include <map>

#include "agent/firewall/expressions.hpp"
#include "agent/network/netlink.hpp"

namespace nap::agent {

struct ListedItem {
    int message = -1;  // NFT_MSG_NEW...
    std::uint64_t handle = 0;
    std::string name;  // of a rule: its chain's; of elements: their set's
    std::string_view body;
};

struct ListedTable {
    ListedItem self;
    int family = 0;
    std::vector<ListedItem> items;                    // chains, objects, flowtables, sets
    std::vector<ListedItem> rules;                    // in the order of their chains
    std::multimap<std::string, ListedItem> elements;  // by set
};

// In the order of their numbers. Views into `ruleset`.
std::vector<ListedTable> sorted(std::span<const Netlink::Answer> ruleset);

// "a rule of input in the table filter"
std::string described(int type, std::string_view body);

}  // namespace nap::agent
