// SPDX-License-Identifier: GPL-2.0-only
// A firewall: a table of nf_tables with a set, counters and handles, and connections that the kernel tracks.
// Natively in a network namespace of its own.
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>

#include <algorithm>
#include <cstring>

#include "harness.hpp"
#include "sockets/netfilter.hpp"

namespace guest {
namespace {

constexpr const char* kTable = "nap_test";
constexpr std::uint32_t kPort = 7, kTimeout = 400000;
const std::string kHere("\xc0\x00\x02\x01", 4), kThere("\xc0\x00\x02\x02", 4);  // 192.0.2.1 and .2

constexpr auto attribute = netfilter_attribute;
constexpr auto text = netfilter_text;
constexpr auto number = netfilter_number;

int type_of(int message) {
    return NFNL_SUBSYS_NFTABLES << 8 | message;
}
std::string message(int type, int flags, const std::string& attributes) {
    return netfilter_message(type_of(type), flags, NFPROTO_INET, 0, attributes);
}

std::string expression(const char* name, const std::string& data) {
    return attribute(NFTA_LIST_ELEM, text(NFTA_EXPR_NAME, name) + attribute(NFTA_EXPR_DATA, data));
}
std::string long_number(int type, std::uint64_t value) {
    const std::uint64_t big = htobe64(value);
    return attribute(type, {reinterpret_cast<const char*>(&big), sizeof big});
}
// mark in @marks, counted
std::string rule(std::uint64_t packets) {
    return text(NFTA_RULE_TABLE, kTable) + text(NFTA_RULE_CHAIN, "last") +
           attribute(NFTA_RULE_EXPRESSIONS,
                     expression("meta", number(NFTA_META_KEY, NFT_META_MARK) + number(NFTA_META_DREG, 1)) +
                         expression("lookup", text(NFTA_LOOKUP_SET, "marks") + number(NFTA_LOOKUP_SREG, 1)) +
                         expression("counter", long_number(NFTA_COUNTER_PACKETS, packets) +
                                                   long_number(NFTA_COUNTER_BYTES, packets * 100)));
}
std::string chain(const char* name) {
    return text(NFTA_CHAIN_TABLE, kTable) + text(NFTA_CHAIN_NAME, name);
}
std::string element(std::uint32_t key) {
    return attribute(NFTA_LIST_ELEM, attribute(NFTA_SET_ELEM_KEY, number(NFTA_DATA_VALUE, key)));
}

// A connection from here to there.
std::string tuple(bool answers, std::uint8_t protocol) {
    const auto bytes = [](const auto& value) {
        return std::string(reinterpret_cast<const char*>(&value), sizeof value);
    };
    const std::uint16_t from = htons(4711), to = htons(kPort);
    return attribute(CTA_TUPLE_IP, attribute(CTA_IP_V4_SRC, answers ? kThere : kHere) +
                                       attribute(CTA_IP_V4_DST, answers ? kHere : kThere)) +
           attribute(CTA_TUPLE_PROTO, attribute(CTA_PROTO_NUM, bytes(protocol)) +
                                          attribute(CTA_PROTO_SRC_PORT, bytes(answers ? to : from)) +
                                          attribute(CTA_PROTO_DST_PORT, bytes(answers ? from : to)));
}
std::string connection(std::uint8_t protocol) {
    std::string made = attribute(CTA_TUPLE_ORIG, tuple(false, protocol)) +
                       attribute(CTA_TUPLE_REPLY, tuple(true, protocol)) +
                       number(CTA_STATUS, IPS_CONFIRMED | IPS_SEEN_REPLY | IPS_ASSURED) +
                       number(CTA_TIMEOUT, kTimeout) + number(CTA_MARK, 77);
    const char state = TCP_CONNTRACK_ESTABLISHED;
    if (protocol == IPPROTO_TCP)
        made += attribute(CTA_PROTOINFO,
                          attribute(CTA_PROTOINFO_TCP, attribute(CTA_PROTOINFO_TCP_STATE, {&state, 1})));
    return made;
}

class Firewall : public State {
  public:
    void set_up() override {
        if (!in_machine()) check(unshare(CLONE_NEWNET), "unshare");
        constexpr int kCreate = NLM_F_CREATE, kAppend = NLM_F_CREATE | NLM_F_APPEND;
        const std::string table = message(NFT_MSG_NEWTABLE, kCreate, text(NFTA_TABLE_NAME, kTable));
        // One of an earlier start goes
        std::string all = table + message(NFT_MSG_DELTABLE, 0, text(NFTA_TABLE_NAME, kTable)) + table;
        for (const char* name : {"first", "second", "last"})
            all += message(NFT_MSG_NEWCHAIN, kCreate, chain(name));
        all += message(NFT_MSG_DELCHAIN, 0, chain("second"));
        all +=
            message(NFT_MSG_NEWSET, kCreate,
                    text(NFTA_SET_TABLE, kTable) + text(NFTA_SET_NAME, "marks") +
                        number(NFTA_SET_KEY_LEN, 4) + number(NFTA_SET_KEY_TYPE, 19) + number(NFTA_SET_ID, 1));
        all += message(NFT_MSG_NEWSETELEM, kCreate,
                       text(NFTA_SET_ELEM_LIST_TABLE, kTable) + text(NFTA_SET_ELEM_LIST_SET, "marks") +
                           attribute(NFTA_SET_ELEM_LIST_ELEMENTS, element(1) + element(2) + element(77)));
        all += message(NFT_MSG_NEWRULE, kAppend, rule(5));
        all += message(NFT_MSG_NEWRULE, kCreate, rule(7));  // before it, with a higher handle
        nf_tables_batch(all);
        for (const auto protocol : {IPPROTO_TCP, IPPROTO_UDP})
            netfilter_change(netfilter_message(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW,
                                               NLM_F_CREATE | NLM_F_ACK, AF_INET, 0,
                                               connection(static_cast<std::uint8_t>(protocol))));
        was_ = listed();
        require(was_.size() == 2 + 2 + 1 + 1, "the firewall has ", was_.size(), " parts");
    }
    void verify() override {
        require(listed() == was_, "the rules are not as they were");
        for (const auto protocol : {IPPROTO_TCP, IPPROTO_UDP}) verify_tracked(static_cast<char>(protocol));
    }
    void damage() override { nf_tables_batch(message(NFT_MSG_DELCHAIN, 0, chain("first"))); }

  private:
    // Of our table, all with their handles and counters.
    static std::vector<std::string> listed() {
        std::vector<std::string> all;
        for (const auto& [list, table] : {std::pair<int, int>{NFT_MSG_GETCHAIN, NFTA_CHAIN_TABLE},
                                          std::pair<int, int>{NFT_MSG_GETRULE, NFTA_RULE_TABLE},
                                          std::pair<int, int>{NFT_MSG_GETSET, NFTA_SET_TABLE}})
            for (const std::string& each : netfilter_list(type_of(list), NFPROTO_INET, ""))
                if (netfilter_value(each, table) == std::string(kTable) + '\0') all.push_back(each);
        std::string elements;
        for (const std::string& each :
             netfilter_list(type_of(NFT_MSG_GETSETELEM), NFPROTO_INET,
                            text(NFTA_SET_ELEM_LIST_TABLE, kTable) + text(NFTA_SET_ELEM_LIST_SET, "marks")))
            elements += netfilter_value(each, NFTA_SET_ELEM_LIST_ELEMENTS);
        all.push_back(sorted_elements(elements));
        return all;
    }
    // Which comes first in a hash table each kernel decides.
    static std::string sorted_elements(const std::string& elements) {
        const std::size_t size = element(1).size();
        std::vector<std::string> all;
        for (std::size_t at = 0; at + size <= elements.size(); at += size)
            all.push_back(elements.substr(at, size));
        std::ranges::sort(all);
        std::string joined;
        for (const std::string& each : all) joined += each;
        return joined;
    }
    static void verify_tracked(char protocol) {
        for (const std::string& each :
             netfilter_list(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET, AF_INET, "")) {
            const std::string asked = netfilter_value(each, CTA_TUPLE_ORIG);
            const std::string kind = netfilter_value(netfilter_value(asked, CTA_TUPLE_PROTO), CTA_PROTO_NUM);
            if (kind != std::string(1, protocol) ||
                netfilter_value(netfilter_value(asked, CTA_TUPLE_IP), CTA_IP_V4_SRC) != kHere)
                continue;
            verify_one(each, protocol);
            return;
        }
        fail("a connection is not tracked any more, of protocol ", static_cast<int>(protocol));
    }
    static void verify_one(const std::string& tracked, char protocol) {
        require(netfilter_value(number(CTA_MARK, 77), CTA_MARK) == netfilter_value(tracked, CTA_MARK),
                "its mark is lost");
        std::uint32_t left = 0;
        const std::string timeout = netfilter_value(tracked, CTA_TIMEOUT);
        std::memcpy(&left, timeout.data(), std::min(sizeof left, timeout.size()));
        left = ntohl(left);
        require(left <= kTimeout && left > kTimeout / 2, "a connection has ", left, " s left");
        const std::string state =
            netfilter_value(netfilter_value(netfilter_value(tracked, CTA_PROTOINFO), CTA_PROTOINFO_TCP),
                            CTA_PROTOINFO_TCP_STATE);
        require(protocol != IPPROTO_TCP || state == std::string(1, TCP_CONNTRACK_ESTABLISHED),
                "the connection is not established");
    }
    std::vector<std::string> was_;
};

NAP_GUEST_STATE("firewall_rules", Firewall);

}  // namespace
}  // namespace guest
