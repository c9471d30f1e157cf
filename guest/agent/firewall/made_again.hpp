// SPDX-License-Identifier: GPL-2.0-only
// Made again: a listed table, chain, rule, set, object as the message that makes it. What the kernel tells of
// its own accord (numbers, counts of users) is left out. Pure.
#pragma once

#include "agent/firewall/listed.hpp"

namespace nap::agent {

// `set_id`: any number that no other set of the transaction has.
Body made_again(const ListedItem& item, const NamelessChains& chains, std::uint32_t set_id);

// Those of a table, each with a number of its own from `first` on.
NamelessChains nameless_chains(const ListedTable& table, std::uint32_t first);

}  // namespace nap::agent
