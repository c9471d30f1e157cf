// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/firewalls.hpp"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <set>
#include <sstream>

#include "agent/firewall/ruleset.hpp"
#include "agent/modules/loaded.hpp"
#include "base/fd.hpp"

namespace nap::agent {

namespace {

// Of xtables' matches, those that keep in the kernel what nobody can set.
constexpr std::array kRemembering = {"recent", "hashlimit", "quota", "limit", "rateest", "connlimit"};

void name(Obstacles& obstacles, std::string what, std::string why, std::string advice, bool notice = false) {
    obstacles.push_back({0, "", {std::move(what), std::move(why), std::move(advice), notice}});
}

void find_old_tables(Obstacles& obstacles) {
    for (const char* family : {"ip", "ip6", "arp"}) {
        auto content = read_file(std::string("/proc/thread-self/net/") + family + "_tables_names");
        std::istringstream tables(content.value_or(""));
        for (std::string table; std::getline(tables, table);)
            name(obstacles, std::string("firewall rules (the ") + family + "tables table " + table + ")",
                 "Rules of iptables-legacy are not carried over yet; those of iptables-nft are.",
                 "Move them: iptables-legacy-save | iptables-nft-restore; then rmmod " +
                     std::string(family == std::string_view("arp") ? "arptable_"
                                                                   : std::string(family) + "table_") +
                     table + ".");
    }
}

// As struct ebt_replace, whose header does not go with <netinet/in.h>.
struct BridgeTable {
    char name[32];
    unsigned hooks, entries, bytes;
    void* of_hooks[6];
    unsigned count;
    void *counters, *rules;
};
constexpr int kGetInformation = 128;  // EBT_SO_GET_INFO

// Asked only where its module is loaded: to ask would load it.
void find_bridge_tables(Obstacles& obstacles) {
    const auto modules = loaded_modules();
    const UniqueFd socket(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW));
    for (const char* table : {"filter", "nat", "broute"}) {
        if (std::ranges::find(modules, std::string("ebtable_") + table, &LoadedModule::name) == modules.end())
            continue;
        BridgeTable asked{};
        std::strncpy(asked.name, table, sizeof asked.name - 1);
        socklen_t size = sizeof asked;
        if (::getsockopt(socket.get(), IPPROTO_IP, kGetInformation, &asked, &size) == 0 && asked.entries > 0)
            name(obstacles, std::string("firewall rules (the ebtables table ") + table + ")",
                 "Rules of ebtables-legacy are not carried over yet; those of ebtables-nft are.",
                 std::string("Remove them: ebtables-legacy -t ") + table + " -F.");
    }
}

void find_ipsets(Netlink& netlink, Obstacles& obstacles) {
    constexpr int kList = NFNL_SUBSYS_IPSET << 8 | 7, kProtocol = 1,
                  kName = 2;  // IPSET_CMD_LIST, IPSET_ATTR_...
    Body request = body_of(nfgenmsg{});
    add_value(request, kProtocol, std::uint8_t{6});
    const auto listed = netlink.dump(kList, request);
    if (!listed) return;
    std::set<std::string> names;
    for (const auto& [type, body] : *listed)
        if (const auto set = find_value(body, sizeof(nfgenmsg), kName)) names.insert(text_of(*set));
    for (const std::string& set : names)
        name(obstacles, "the set " + set + " of ipset",
             "Sets of ipset are not carried over yet; those of nft are.",
             "Remove it: ipset destroy " + set + ".");
}

// Whether the kernel counts and dates tracked connections, which only it can.
void find_accounting(Obstacles& obstacles) {
    for (const auto& [setting, what] : {std::pair{"nf_conntrack_acct", "packets and bytes"},
                                        std::pair{"nf_conntrack_timestamp", "the start"}})
        if (read_file(std::string("/proc/sys/net/netfilter/") + setting).value_or("0").starts_with("1"))
            name(obstacles, std::string("tracked connections with net.netfilter.") + setting,
                 std::string("They go on, but ") + what + " of each are told from the update on.",
                 "Nothing needs to be done.", true);
}

}  // namespace

void find_in_ruleset(const std::vector<Netlink::Answer>& ruleset, Obstacles& obstacles) {
    std::set<std::string> remembering;
    for (const auto& listed : ruleset) {
        const auto& [type, body] = listed;
        if (const auto table = owned_table(listed))
            name(obstacles, "the nf_tables table " + *table + ", owned by a socket",
                 "Whom a table of firewall rules belongs to cannot be set.", "End the program that made it.");
        if (type != nf_tables_type(NFT_MSG_NEWRULE)) continue;
        const auto expressions = find_value(body, sizeof(nfgenmsg), NFTA_RULE_EXPRESSIONS);
        for (const Attribute& each : attributes_of(expressions.value_or(""), 0))
            if (text_of(nested(each.value, {NFTA_EXPR_NAME})) == "match")
                remembering.insert(text_of(nested(each.value, {NFTA_EXPR_DATA, NFTA_MATCH_NAME})));
    }
    for (const char* match : kRemembering)
        if (remembering.contains(match))
            name(obstacles, std::string("firewall rules with iptables' match ") + match,
                 "The rules go over; what they have remembered of packets begins anew.",
                 "Nothing needs to be done.", true);
}

void find_firewalls(Obstacles& obstacles) {
    if (auto netlink = Netlink::open(NETLINK_NETFILTER)) {
        if (const auto ruleset = list_ruleset(*netlink)) find_in_ruleset(*ruleset, obstacles);
        find_ipsets(*netlink, obstacles);
    }
    find_old_tables(obstacles);
    find_bridge_tables(obstacles);
    find_accounting(obstacles);
}

}  // namespace nap::agent
