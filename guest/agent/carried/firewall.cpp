// SPDX-License-Identifier: GPL-2.0-only
#include "agent/carried/firewall.hpp"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sched.h>

#include <cstring>

#include "agent/carried/part_file.hpp"
#include "agent/firewall/listed.hpp"
#include "agent/firewall/replay.hpp"
#include "agent/firewall/ruleset.hpp"
#include "agent/firewall/tracking.hpp"
#include "agent/userland/namespaces.hpp"

namespace nap::agent {

using channel::Json;

namespace {

Json to_json(const std::vector<Body>& bodies) {
    Json list = Json::array();
    for (const Body& body : bodies) list.push_back(to_binary(body));
    return list;
}

Result<std::vector<Body>> bodies_from(const Json& list) {
    std::vector<Body> bodies;
    for (const Json& each : list) {
        NAP_TRY(Body body, from_binary(each));
        bodies.push_back(std::move(body));
    }
    return bodies;
}

Result<Json> capture_here() {
    NAP_TRY(Netlink netlink, Netlink::open(NETLINK_NETFILTER));
    NAP_TRY(const auto ruleset, list_ruleset(netlink));
    Json captured{{"ruleset", Json::array()}};
    for (const auto& each : ruleset) {
        if (const auto table = owned_table(each))
            return fail(ErrorKind::unsupported, "the nf_tables table " + *table + " is owned by a socket");
        captured["ruleset"].push_back({each.type, to_binary(each.body)});
    }
    const Tracked tracked = list_tracked(netlink);
    captured["connections"] = to_json(tracked.connections);
    captured["expectations"] = to_json(tracked.expectations);
    return captured;
}

// All or nothing: half a firewall is none.
Result<> put_ruleset(Netlink& netlink, const Json& captured, Warnings& warnings) {
    std::vector<Netlink::Answer> ruleset;
    for (const Json& each : captured) {
        NAP_TRY(Body body, from_binary(each.at(1)));
        ruleset.push_back({each.at(0).get<int>(), std::move(body)});
    }
    const Replay replay = replay_of(ruleset);
    NAP_TRY(const auto refusal, netlink.change_at_once(NFNL_SUBSYS_NFTABLES, replay.changes));
    if (refusal) {
        std::string which = "as a whole";
        if (refusal->change < replay.changes.size()) {
            const auto& [type, flags, body] = replay.changes[refusal->change];
            which = "at " + described(type, body);
        }
        return fail(ErrorKind::unsupported, "this kernel refuses the rules of nf_tables, " + which + ": " +
                                                std::strerror(refusal->error));
    }
    for (const std::string& table : replay.renumbered)
        warnings.push_back("the rules of the nf_tables table " + table +
                           " have other numbers (handles): too many of them are gone");
    return {};
}

Result<> put_here(const Json& captured, Warnings& warnings) {
    NAP_TRY(Netlink netlink, Netlink::open(NETLINK_NETFILTER));
    NAP_CHECK(put_ruleset(netlink, captured.at("ruleset"), warnings));
    Tracked tracked;
    NAP_TRY(tracked.connections, bodies_from(captured.at("connections")));
    NAP_TRY(tracked.expectations, bodies_from(captured.at("expectations")));
    NAP_TRY(const auto refused, track(netlink, tracked));
    warnings.insert(warnings.end(), refused.begin(), refused.end());
    return {};
}

Result<Json> capture(Agent&, const Task&) {
    Json captured;
    NAP_CHECK(in_machine_network([&]() -> Result<> {
        NAP_TRY(captured, capture_here());
        return {};
    }));
    return captured;
}

Result<> put_back(Agent&, const Json& captured, Warnings& warnings) {
    return in_machine_network([&] { return put_here(captured, warnings); });
}

// A table that goes with the namespace it is made in.
Result<> make_a_table() {
    return in_own_thread([]() -> Result<> {
        if (::unshare(CLONE_NEWNET) != 0) return fail_errno("cannot make a network namespace");
        NAP_TRY(Netlink netlink, Netlink::open(NETLINK_NETFILTER));
        Body table = body_of(nfgenmsg{.nfgen_family = NFPROTO_INET, .version = 0, .res_id = 0});
        add_text(table, NFTA_TABLE_NAME, "rehearsal");
        const Netlink::Change change{nf_tables_type(NFT_MSG_NEWTABLE), NLM_F_CREATE, std::move(table)};
        NAP_CHECK(netlink.change_at_once(NFNL_SUBSYS_NFTABLES, {&change, 1}));
        return {};
    });
}

}  // namespace

void rehearse_capturing_firewall() {
    (void)in_machine_network([]() -> Result<> {
        (void)capture_here();
        return {};
    });
}

void rehearse_putting_firewall() {
    (void)make_a_table();
}

const Part kFirewall{"firewall", capture, nullptr, nullptr, put_back};

}  // namespace nap::agent
