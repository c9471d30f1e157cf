// SPDX-License-Identifier: GPL-2.0-only
#include <gmock/gmock.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sched.h>

#include "agent/carried/hexadecimal.hpp"
#include "agent/carried/network.hpp"
#include "agent/network/entries.hpp"
#include "agent/network/links.hpp"
#include "agent/userland/namespaces.hpp"

namespace nap::agent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(NetworkMessages, KeepWhatIsChosen) {
    Body body = body_of(rtmsg{});
    add_value(body, RTA_OIF, 7);
    add_attribute(body, RTA_DST, "abcde");
    add_value(body, RTA_TABLE, 254);
    const Body kept =
        with_attributes(body, sizeof(rtmsg), [](const Attribute& each) { return each.type != RTA_OIF; });
    const auto attributes = attributes_of(kept, sizeof(rtmsg));
    ASSERT_EQ(attributes.size(), 2U);
    EXPECT_EQ(attributes[0].value, "abcde");
    EXPECT_EQ(value_of<int>(attributes[1]), 254);
    for (std::size_t cut = 0; cut < body.size(); ++cut)
        EXPECT_LE(attributes_of(std::string_view(body).substr(0, cut), sizeof(rtmsg)).size(), 3U);
}

TEST(NetworkChanges, OnlyWhatDiffers) {
    const auto sets = changes_to({"a", "b", "c"}, {"c", "a", "d"}, false);
    EXPECT_THAT(sets.remove, ElementsAre("b"));
    EXPECT_THAT(sets.add, ElementsAre("d"));
    const auto ordered = changes_to({"a", "b", "c"}, {"a", "c", "b"}, true);
    EXPECT_THAT(ordered.remove, ElementsAre("b", "c"));
    EXPECT_THAT(ordered.add, ElementsAre("c", "b"));
    EXPECT_THAT(changes_to({"a", "a"}, {"a", "a"}, false).add, IsEmpty());
}

// In a network namespace of its own: what one has is made in another.
class InNetwork : public testing::Test {
  protected:
    static Result<> in_fresh_network(const std::function<Result<>(Netlink&)>& work) {
        return in_own_thread([&]() -> Result<> {
            if (::unshare(CLONE_NEWNET) != 0) return fail_errno("unshare");
            NAP_TRY(Netlink netlink, Netlink::open(NETLINK_ROUTE));
            return work(netlink);
        });
    }
    static Result<> run(const std::string& command) {
        if (std::system(command.c_str()) == 0) return {};  // NOLINT(cert-env33-c)
        return fail(ErrorKind::internal, command);
    }
    using Content = std::map<std::string, std::vector<Body>>;
    static Result<Content> content(Netlink& netlink) {
        Content all;
        for (const Table& table : tables()) {
            NAP_TRY(all[table.name], list_entries(netlink, table));
            if (!table.ordered) std::ranges::sort(all[table.name]);
        }
        return all;
    }
};

TEST_F(InNetwork, EverythingIsAsItWas) {
    Content was, is;
    channel::Json links;
    std::vector<std::string> refused;
    const auto made = in_fresh_network([&](Netlink& netlink) -> Result<> {
        for (const char* command :
             {"link set lo up",
              "link set lo mtu 20000 txqueuelen 77 alias here",
              "tuntap add t0 mode tap",
              "link set t0 up",
              "addr add 10.6.0.1/16 brd 10.6.255.255 dev t0 label t0:x",
              "addr add 10.5.0.1/24 dev lo",
              "addr add 10.5.0.2/24 dev lo",

              "addr add 2001:db8::1/64 dev lo",
              "addr add 2001:db8::2/64 dev lo valid_lft 5000 preferred_lft 4000",
              "addr add 2001:db8:9::3/128 dev lo noprefixroute",
              "route add 10.98.3.0/24 dev lo src 127.0.0.7 table 100",
              "route add blackhole 10.98.2.0/24",
              "route add local 10.98.1.0/24 dev lo",
              "route add default via 10.5.0.77 dev lo metric 5 mtu 1400",
              "route add 10.99.0.0/16 nexthop via 10.5.0.7 dev lo weight 2 nexthop via 10.6.0.7 dev t0 "
              "weight 3",
              "addr add 2001:db8:4::1/64 dev t0 nodad",
              "-6 route add 2001:db8:5::/64 via 2001:db8:4::77 dev t0",
              "-6 route add unreachable 2001:db8:6::/64",
              "-6 route add 2001:db8:7::/64 nexthop via 2001:db8:4::71 dev t0 nexthop via 2001:db8:4::72 dev "
              "t0",
              "route del 10.6.0.0/16 dev t0",
              "rule add fwmark 5 lookup 100 pref 777",
              "rule add pref 100 lookup local",
              "rule del pref 0",
              "-6 rule add from 2001:db8::/32 lookup 200 pref 500 suppress_prefixlength 3",
              "neigh add 10.5.0.9 lladdr 02:00:00:00:00:09 dev lo nud permanent",
              "neigh add proxy 10.5.0.55 dev lo",
              "-6 addrlabel add prefix 2001:db8::/32 label 88"})
            if (auto done = run(std::string("ip ") + command); !done) return done;
        NAP_TRY(was, content(netlink));
        NAP_TRY(links, capture_links(netlink));
        return {};
    });
    if (!made) GTEST_SKIP() << made.error().message;
    ASSERT_GT(was["routes"].size(), 12U);
    const auto again = in_fresh_network([&](Netlink& netlink) -> Result<> {
        NAP_CHECK(run("ip link set lo up"));
        NAP_CHECK(run("ip tuntap add t0 mode tap && ip link set t0 up"));
        NAP_CHECK(run("ip addr add 10.1.1.1/24 dev lo"));  // which the other has not
        NAP_TRY(refused, put_links(netlink, links));
        for (const Table& table : tables()) {
            NAP_TRY(const auto more, fill_table(netlink, table, was[table.name]));
            refused.insert(refused.end(), more.begin(), more.end());
        }
        NAP_TRY(is, content(netlink));
        NAP_TRY(const auto links_now, capture_links(netlink));
        EXPECT_EQ(links_now, links);
        return {};
    });
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_THAT(refused, IsEmpty());
    for (const auto& [name, entries] : was) {
        std::vector<std::string> expected, found;
        for (const Body& entry : entries) expected.push_back(to_hexadecimal(entry));
        for (const Body& entry : is[name]) found.push_back(to_hexadecimal(entry));
        EXPECT_EQ(found, expected) << name;
    }
}

}  // namespace
}  // namespace nap::agent
