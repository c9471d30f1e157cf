// SPDX-License-Identifier: GPL-2.0-only
// What of firewalls cannot be carried: rules of the older xtables interfaces, sets of ipset, tables of
// nf_tables that a socket owns; and what rules and connections have counted where the kernel lets nobody set
// it.
#pragma once

#include "agent/check/obstacle.hpp"
#include "agent/network/netlink.hpp"

namespace nap::agent {

// In this thread's network namespace.
void find_firewalls(Obstacles& obstacles);

// Of a listed ruleset of nf_tables. Pure.
void find_in_ruleset(const std::vector<Netlink::Answer>& ruleset, Obstacles& obstacles);

}  // namespace nap::agent
