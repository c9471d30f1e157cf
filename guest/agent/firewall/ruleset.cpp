// SPDX-License-Identifier: GPL-2.0-only
#include "agent/firewall/ruleset.hpp"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>

namespace nap::agent {

namespace {

static_assert(nf_tables_type(0) == NFNL_SUBSYS_NFTABLES << 8);

using Answers = std::vector<Netlink::Answer>;

// A set's elements are asked for by its table and name.
Body elements_of(std::string_view set) {
    Body request = body_of(header_of<nfgenmsg>(set));
    for (const Attribute& each : attributes_of(set, sizeof(nfgenmsg))) {
        if (each.type == NFTA_SET_TABLE) add_attribute(request, NFTA_SET_ELEM_LIST_TABLE, each.value);
        if (each.type == NFTA_SET_NAME) add_attribute(request, NFTA_SET_ELEM_LIST_SET, each.value);
    }
    return request;
}

}  // namespace

Result<Answers> list_ruleset(Netlink& netlink) {
    auto ruleset = netlink.dump(nf_tables_type(NFT_MSG_GETTABLE), body_of(nfgenmsg{}));
    if (!ruleset || ruleset->empty()) return Answers{};
    const auto add = [&](int message, const Body& request) -> Result<> {
        NAP_TRY(auto answers, netlink.dump(nf_tables_type(message), request));
        std::ranges::move(answers, std::back_inserter(*ruleset));
        return {};
    };
    for (const int message :
         {NFT_MSG_GETCHAIN, NFT_MSG_GETOBJ, NFT_MSG_GETFLOWTABLE, NFT_MSG_GETRULE, NFT_MSG_GETSET})
        NAP_CHECK(add(message, body_of(nfgenmsg{})));
    for (std::size_t i = 0, end = ruleset->size(); i < end; ++i)
        if ((*ruleset)[i].type == nf_tables_type(NFT_MSG_NEWSET))
            NAP_CHECK(add(NFT_MSG_GETSETELEM, elements_of(Body((*ruleset)[i].body))));
    return ruleset;
}

std::optional<std::string> owned_table(const Netlink::Answer& listed) {
    if (listed.type != nf_tables_type(NFT_MSG_NEWTABLE)) return std::nullopt;
    const auto flags = find_value(listed.body, sizeof(nfgenmsg), NFTA_TABLE_FLAGS);
    constexpr std::uint32_t kOwner = 2;  // NFT_TABLE_F_OWNER
    if (!flags || (number_in<std::uint32_t>(*flags) & kOwner) == 0) return std::nullopt;
    return text_of(find_value(listed.body, sizeof(nfgenmsg), NFTA_TABLE_NAME).value_or(""));
}

}  // namespace nap::agent
