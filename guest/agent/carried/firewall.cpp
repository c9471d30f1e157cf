// SPDX-License-Identifier: GPL-2.0-only
#include "agent/carried/firewall.hpp"

#include <linux/netfilter/nfnetlink.h>

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

}  // namespace

const Part kFirewall{"firewall", capture, nullptr, nullptr, put_back};

}  // namespace nap::agent
