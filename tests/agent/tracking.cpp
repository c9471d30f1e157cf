// SPDX-License-Identifier: GPL-2.0-only
#include "agent/firewall/tracking.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <sched.h>

#include "agent/carried/hexadecimal.hpp"
#include "agent/firewall/connections.hpp"
#include "agent/userland/namespaces.hpp"

namespace nap::agent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct End {
    const char* address;
    std::uint16_t port;
};

Body tuple(int protocol, End from, End to) {
    Body addresses, numbers, all;
    add_value(addresses, CTA_IP_V4_SRC, ::inet_addr(from.address));
    add_value(addresses, CTA_IP_V4_DST, ::inet_addr(to.address));
    add_value(numbers, CTA_PROTO_NUM, static_cast<std::uint8_t>(protocol));
    if (protocol == IPPROTO_ICMP) {
        const bool answer = to.port != 0;
        add_number(numbers, CTA_PROTO_ICMP_ID, answer ? to.port : from.port);
        add_value(numbers, CTA_PROTO_ICMP_TYPE, static_cast<std::uint8_t>(answer ? 0 : 8));
        add_value(numbers, CTA_PROTO_ICMP_CODE, std::uint8_t{0});
    } else {
        add_number(numbers, CTA_PROTO_SRC_PORT, from.port);
        add_number(numbers, CTA_PROTO_DST_PORT, to.port);
    }
    add_nested(all, CTA_TUPLE_IP, addresses);
    add_nested(all, CTA_TUPLE_PROTO, numbers);
    return all;
}

// As the kernel lists one.
Body listed(int protocol, End from, End to, End answers_from, End answers_to, std::uint32_t status) {
    nfgenmsg header{};
    header.nfgen_family = AF_INET;
    Body body = body_of(header);
    add_nested(body, CTA_TUPLE_ORIG, tuple(protocol, from, to));
    add_nested(body, CTA_TUPLE_REPLY, tuple(protocol, answers_from, answers_to));
    add_number(body, CTA_STATUS, status | IPS_CONFIRMED);
    add_number(body, CTA_TIMEOUT, std::uint32_t{1000});
    add_number(body, CTA_MARK, std::uint32_t{7});
    add_number(body, CTA_ID, std::uint32_t{4711});
    add_number(body, CTA_USE, std::uint32_t{1});
    if (protocol == IPPROTO_TCP) {
        Body tcp, information;
        add_value(tcp, CTA_PROTOINFO_TCP_STATE, std::uint8_t{TCP_CONNTRACK_ESTABLISHED});
        add_value(tcp, CTA_PROTOINFO_TCP_WSCALE_ORIGINAL, std::uint8_t{7});
        add_value(tcp, CTA_PROTOINFO_TCP_WSCALE_REPLY, std::uint8_t{6});
        const nf_ct_tcp_flags flags{
            IP_CT_TCP_FLAG_WINDOW_SCALE | IP_CT_TCP_FLAG_SACK_PERM | IP_CT_TCP_FLAG_MAXACK_SET, 0};
        add_value(tcp, CTA_PROTOINFO_TCP_FLAGS_ORIGINAL, flags);
        add_value(tcp, CTA_PROTOINFO_TCP_FLAGS_REPLY, flags);
        add_nested(information, CTA_PROTOINFO_TCP, tcp);
        add_nested(body, CTA_PROTOINFO, information);
    }
    return body;
}

constexpr std::uint32_t kDecided = IPS_NAT_DONE_MASK, kSeen = IPS_SEEN_REPLY | IPS_ASSURED;

std::vector<Body> some() {
    return {
        listed(IPPROTO_TCP, {"10.0.0.1", 1000}, {"10.0.0.2", 80}, {"10.0.0.2", 80}, {"10.0.0.1", 1000},
               kSeen),
        listed(IPPROTO_TCP, {"10.0.0.1", 1001}, {"10.0.0.2", 80}, {"10.0.0.2", 80}, {"10.0.0.1", 1001},
               kSeen | kDecided),
        listed(IPPROTO_TCP, {"10.0.0.1", 1002}, {"9.9.9.9", 80}, {"9.9.9.9", 80}, {"8.8.8.8", 20000},
               kSeen | kDecided | IPS_SRC_NAT),
        listed(IPPROTO_TCP, {"10.0.0.1", 1003}, {"9.9.9.9", 80}, {"10.0.0.7", 8080}, {"10.0.0.1", 1003},
               kSeen | kDecided | IPS_DST_NAT),
        listed(IPPROTO_TCP, {"10.0.0.1", 1004}, {"9.9.9.9", 80}, {"10.0.0.7", 8080}, {"10.0.0.3", 1004},
               kSeen | kDecided | IPS_NAT_MASK),
        listed(IPPROTO_UDP, {"10.0.0.1", 53}, {"9.9.9.9", 53}, {"9.9.9.9", 53}, {"8.8.8.8", 53},
               kDecided | IPS_SRC_NAT),
        listed(IPPROTO_ICMP, {"10.0.0.1", 99}, {"9.9.9.9", 0}, {"9.9.9.9", 0}, {"8.8.8.8", 77},
               kSeen | kDecided | IPS_SRC_NAT),
    };
}

std::vector<Body> again(const std::vector<Body>& all) {
    std::vector<Body> made;
    for (const Body& each : all) made.push_back(*tracked_again(each));
    return made;
}

// What a person would see of it: who with whom, state, mark.
std::vector<std::string> seen(Netlink& netlink) {
    std::vector<std::string> texts;
    const auto answers = netlink.dump(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET, body_of(nfgenmsg{}));
    if (!answers) return {answers.error().message};
    for (const auto& [type, body] : *answers)
        texts.push_back(to_hexadecimal(with_attributes(body, sizeof(nfgenmsg), [](const Attribute& each) {
                            return each.type == CTA_TUPLE_ORIG || each.type == CTA_TUPLE_REPLY ||
                                   each.type == CTA_STATUS || each.type == CTA_MARK;
                        })).substr(8));
    std::ranges::sort(texts);
    return texts;
}

TEST(Tracking, MakesThemAsTheyWere) {
    std::vector<std::string> once, twice, refused;
    Tracked tracked;
    const auto track_in_fresh = [&](const std::vector<Body>& connections, std::vector<std::string>& result) {
        return in_own_thread([&]() -> Result<> {
            if (::unshare(CLONE_NEWNET) != 0) return fail_errno("unshare");
            NAP_TRY(Netlink netlink, Netlink::open(NETLINK_NETFILTER));
            NAP_TRY(refused, track(netlink, {connections, {}}));
            result = seen(netlink);
            tracked = list_tracked(netlink);
            return {};
        });
    };
    const auto made = track_in_fresh(again(some()), once);
    if (!made || tracked.connections.empty()) GTEST_SKIP() << "this kernel tracks no connections";
    EXPECT_THAT(refused, IsEmpty());
    std::vector<std::string> expected;
    for (const Body& each : some())
        expected.push_back(
            to_hexadecimal(with_attributes(each, sizeof(nfgenmsg), [](const Attribute& attribute) {
                return attribute.type == CTA_TUPLE_ORIG || attribute.type == CTA_TUPLE_REPLY ||
                       attribute.type == CTA_STATUS || attribute.type == CTA_MARK;
            })).substr(8));
    std::ranges::sort(expected);
    EXPECT_EQ(once, expected);
    ASSERT_TRUE(track_in_fresh(tracked.connections, twice));
    EXPECT_EQ(twice, once);
}

TEST(Tracking, LeavesOutWhatIsAboutToGo) {
    EXPECT_FALSE(tracked_again(
        listed(IPPROTO_UDP, {"10.0.0.1", 1}, {"10.0.0.2", 2}, {"10.0.0.2", 2}, {"10.0.0.1", 1}, IPS_DYING)));
}

TEST(Tracking, IsLiberalWithTcp) {
    const Body made = *tracked_again(some()[0]);
    const auto tcp = nested(*find_value(made, sizeof(nfgenmsg), CTA_PROTOINFO), {CTA_PROTOINFO_TCP});
    const auto flags = header_of<nf_ct_tcp_flags>(nested(tcp, {CTA_PROTOINFO_TCP_FLAGS_REPLY}));
    EXPECT_EQ(flags.flags,
              IP_CT_TCP_FLAG_WINDOW_SCALE | IP_CT_TCP_FLAG_SACK_PERM | IP_CT_TCP_FLAG_BE_LIBERAL);
    EXPECT_EQ(flags.mask, 0xff);
}

TEST(Tracking, OfCutMessages) {
    for (const Body& each : some())
        for (std::size_t cut = 0; cut < each.size(); ++cut) {
            const auto made = tracked_again(std::string_view(each).substr(0, cut));
            EXPECT_LE(made.value_or("").size(), 2 * each.size() + 256);
        }
}

}  // namespace
}  // namespace nap::agent
