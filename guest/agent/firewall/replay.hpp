// SPDX-License-Identifier: GPL-2.0-only
// Replay: what makes a listed ruleset of nf_tables anew, in one transaction. Pure.
//
// Whoever manages a firewall remembers the numbers (handles) that the kernel gave to rules, chains and sets.
// It counts them per table, so everything is made in the order of its number, and where numbers are missing a
// chain is made and removed again.
#pragma once

#include "agent/network/netlink.hpp"

namespace nap::agent {

struct Replay {
    std::vector<Netlink::Change> changes;
    std::vector<std::string> renumbered;  // tables with too many gaps
};

Replay replay_of(std::span<const Netlink::Answer> ruleset);

}  // namespace nap::agent
