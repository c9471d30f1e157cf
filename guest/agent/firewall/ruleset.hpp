// SPDX-License-Identifier: GPL-2.0-only
// Ruleset: all of nf_tables in a network namespace, as the kernel lists it.
#pragma once

#include "agent/network/netlink.hpp"

namespace nap::agent {

constexpr int nf_tables_type(int message) {
    return 10 << 8 | message;  // NFNL_SUBSYS_NFTABLES
}

// In this thread's network namespace. Tables, chains, sets, elements, objects, flowtables, rules; none where
// the kernel has no nf_tables.
Result<std::vector<Netlink::Answer>> list_ruleset(Netlink& netlink);

// The name of a table that goes with the socket it belongs to; nothing of what else is listed.
std::optional<std::string> owned_table(const Netlink::Answer& listed);

}  // namespace nap::agent
