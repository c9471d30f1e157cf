// SPDX-License-Identifier: GPL-2.0-only
#include <gmock/gmock.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sched.h>

#include <cstdio>
#include <cstring>
#include <regex>

#include "agent/firewall/expressions.hpp"
#include "agent/firewall/listed.hpp"
#include "agent/firewall/replay.hpp"
#include "agent/firewall/ruleset.hpp"
#include "agent/userland/namespaces.hpp"

namespace nap::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Of all that nf_tables knows: what is refused as it was listed, and numbers with gaps.
constexpr const char* kRules = R"(
table inet filter {
    counter seen { packets 77 bytes 7777; }
    quota used_up { over 1000 bytes used 1000 bytes; }
    limit slow { rate 5/second; }
    set addresses { type ipv4_addr; flags interval, timeout; counter;
        elements = { 10.0.0.0/8 counter packets 3 bytes 33 timeout 1h expires 50m, 192.168.7.1-192.168.7.9, 11.1.1.1 }; }
    set learned { type ipv4_addr . inet_service; flags dynamic, timeout; timeout 5m; size 100; }
    map counted { type ipv4_addr : counter; elements = { 10.9.9.9 : "seen" }; }
    set fixed { type inet_service; flags constant; elements = { 1, 2, 3 }; }
    set ranges { type ipv4_addr . inet_service; flags interval;
        elements = { 10.1.0.0/16 . 1-100, 10.2.0.1 . 443 }; }
    chain web { counter packets 5 bytes 55 return; }
    map ports { type inet_service : verdict; elements = { 22 : accept, 80 : jump web }; }
    chain input {
        type filter hook input priority 0; policy drop;
        ct state vmap { established : accept, related : accept, invalid : drop } comment "states"
        iif lo accept
        ip saddr @addresses tcp dport { 22, 8000-8010 } counter packets 12 bytes 1234 accept
        tcp dport vmap @ports
        ip saddr . tcp dport @ranges accept
        tcp dport @fixed quota name "used_up" accept
        counter name ip saddr map @counted
        ip saddr 10.0.0.7 jump { tcp dport 1 accept; counter packets 9 bytes 99; drop; }
        tcp flags syn limit rate 3/minute burst 7 packets add @learned { ip saddr . tcp dport timeout 1m } accept
        quota over 100 bytes used 100 bytes drop
        meta mark set ct mark and 0xff
        ip6 saddr fe80::/10 udp dport 546 log prefix "dhcp " level info accept
        reject with icmpx type admin-prohibited
    }
    chain output { type filter hook output priority 0; policy accept; }
}
table ip nat {
    chain post { type nat hook postrouting priority srcnat; ip saddr 10.0.0.0/8 masquerade persistent; ip protocol tcp snat to 1.2.3.4:1000-2000; }
    chain pre { type nat hook prerouting priority dstnat; tcp dport 80 dnat to 10.0.0.1:8080; udp dport 53 redirect to :5353; }
}
table arp a { chain c { type filter hook input priority 0; arp operation request accept; } ; }
table bridge b { chain c { type filter hook prerouting priority 0; ether saddr 02:00:00:00:00:01 drop; } ; }
table ip6 resting { flags dormant; chain c { type filter hook input priority 0; policy drop; } ; }
)";
constexpr const char* kLater =
    "insert rule inet filter input tcp dport 5 drop\n"
    "add rule inet filter input tcp dport 6 drop\n"
    "add rule inet filter output tcp dport 7 drop\n";

// For nft, or after a "!" a command of its own.
Result<> run(const std::string& commands) {
    const bool other = commands.starts_with('!');
    std::FILE* pipe = ::popen(other ? commands.substr(1).c_str() : "nft -f -", "w");
    if (pipe == nullptr) return fail_errno("popen");
    if (!other) std::fputs(commands.c_str(), pipe);
    if (::pclose(pipe) == 0) return {};
    return fail(ErrorKind::unsupported, "refused here: " + commands);
}

Result<> in_fresh_network(const std::function<Result<>(Netlink&)>& work) {
    return in_own_thread([&]() -> Result<> {
        if (::unshare(CLONE_NEWNET) != 0) return fail_errno("unshare");
        NAP_TRY(Netlink netlink, Netlink::open(NETLINK_NETFILTER));
        return work(netlink);
    });
}

// As nft tells it, numbers too, but for those of tables; without the time that passes.
std::string listed() {
    std::FILE* pipe =
        ::popen("nft -a list ruleset | sed -E 's/expires [0-9a-z]+//g; s/^(table .*) # .*/\\1/'", "r");
    if (pipe == nullptr) return "popen failed";
    std::string text;
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) text += static_cast<char>(c);
    ::pclose(pipe);
    return text;
}

// What the kernel says of a replay in a fresh network namespace, and what is there then.
Result<std::string> replayed(const Replay& replay) {
    std::string text;
    NAP_CHECK(in_fresh_network([&](Netlink& netlink) -> Result<> {
        NAP_TRY(const auto refusal, netlink.change_at_once(NFNL_SUBSYS_NFTABLES, replay.changes));
        if (refusal && refusal->change < replay.changes.size()) {
            const auto& [type, flags, body] = replay.changes[refusal->change];
            return fail(ErrorKind::internal, described(type, body) + ": " + std::strerror(refusal->error));
        }
        if (refusal) return fail_errno("all", refusal->error);
        text = listed();
        return {};
    }));
    return text;
}

class Firewall : public testing::Test {
  protected:
    // What is there after `commands`; skips where there is no nft, or a kernel without it.
    void make(const std::vector<std::string>& commands) {
        const auto made = in_fresh_network([&](Netlink& netlink) -> Result<> {
            for (const std::string& each : commands) NAP_CHECK(run(each));
            NAP_TRY(ruleset, list_ruleset(netlink));
            text = listed();
            return {};
        });
        if (!made) GTEST_SKIP() << made.error().message;
    }
    std::vector<Netlink::Answer> ruleset;
    std::string text;
};

TEST_F(Firewall, IsAsItWas) {
    make({kRules, kLater});
    if (IsSkipped()) return;
    const Replay replay = replay_of(ruleset);
    EXPECT_THAT(replay.renumbered, IsEmpty());
    const auto again = replayed(replay);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_THAT(*again, HasSubstr("add @learned"));
    EXPECT_EQ(*again, text);
}

TEST_F(Firewall, WithoutItsNumbersWhereTooManyAreGone) {
    std::string many = "add table ip t\nadd chain ip t c\nadd chain ip t last\n";
    for (int i = 0; i < 2500; ++i) many += "add chain ip t gone" + std::to_string(i) + "\n";
    many += "add rule ip t c tcp dport { 1, 2 } accept\nadd rule ip t c jump { drop; }\n";
    for (int i = 0; i < 2500; ++i) many += "delete chain ip t gone" + std::to_string(i) + "\n";
    make({many, "add rule ip t last drop\ninsert rule ip t c udp dport 7 accept\n"});
    if (IsSkipped()) return;
    const Replay replay = replay_of(ruleset);
    EXPECT_THAT(replay.renumbered, ElementsAre("t"));
    const auto again = replayed(replay);
    ASSERT_TRUE(again) << again.error().message;
    const std::regex number(" # handle.*");
    EXPECT_EQ(std::regex_replace(*again, number, ""), std::regex_replace(text, number, ""));
}

// Through xtables: matches that are only for a protocol.
TEST_F(Firewall, OfIptables) {
    const auto iptables = [](const std::string& rule) { return "!iptables-nft " + rule; };
    make({iptables("-A INPUT -p tcp -m multiport --dports 22,80:90 -m conntrack --ctstate NEW -j ACCEPT"),
          iptables("-A INPUT ! -p udp -m comment --comment here -j DROP"),
          iptables("-A INPUT -p tcp -j REJECT --reject-with tcp-reset"),
          iptables("-t nat -A PREROUTING -p udp --dport 53 -j REDIRECT --to-ports 5353"),
          iptables("-t nat -A POSTROUTING -s 10.0.0.0/8 -j MASQUERADE"),
          iptables("-A FORWARD -m limit --limit 3/min -j LOG --log-prefix far"),
          "!ip6tables-nft -A INPUT -p tcp -m multiport --dports 22,80:90 -j ACCEPT"});
    if (IsSkipped()) return;
    const auto again = replayed(replay_of(ruleset));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_THAT(*again, HasSubstr("reject"));
    EXPECT_EQ(*again, text);
}

// Whatever bytes are listed: no reading beyond them.
TEST(FirewallMessages, AreCutAnywhere) {
    Body rule = body_of(nfgenmsg{}), expression, list;
    add_text(rule, NFTA_RULE_TABLE, "t");
    add_text(rule, NFTA_RULE_CHAIN, "c");
    add_text(expression, NFTA_EXPR_NAME, "match");
    add_nested(list, NFTA_LIST_ELEM, expression);
    add_nested(rule, NFTA_RULE_EXPRESSIONS, list);
    Body table = body_of(nfgenmsg{});
    add_text(table, NFTA_TABLE_NAME, "t");
    for (std::size_t cut = 0; cut <= rule.size(); ++cut) {
        const std::vector<Netlink::Answer> some{{nf_tables_type(NFT_MSG_NEWTABLE), table},
                                                {nf_tables_type(NFT_MSG_NEWRULE), rule.substr(0, cut)}};
        EXPECT_LE(replay_of(some).changes.size(), 2U);
    }
}

}  // namespace
}  // namespace nap::agent
