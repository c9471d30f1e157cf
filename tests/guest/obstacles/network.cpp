// SPDX-License-Identifier: GPL-2.0-only
// What programs make in the machine's network, and no process has.
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include "harness.hpp"
#include "sockets/netfilter.hpp"

namespace guest {
namespace {

// A table of its own: it goes with the socket.
void hold_firewall() {
    constexpr std::uint32_t kOwned = 2;  // NFT_TABLE_F_OWNER
    nf_tables_batch(netfilter_message(
        NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE, NLM_F_CREATE, AF_INET, 0,
        netfilter_text(NFTA_TABLE_NAME, "held") + netfilter_number(NFTA_TABLE_FLAGS, kOwned)));
}

NAP_GUEST_HOLDER("firewall", hold_firewall);

}  // namespace
}  // namespace guest
