// SPDX-License-Identifier: GPL-2.0-only
#include "agent/carried/network.hpp"

#include <linux/rtnetlink.h>

#include "agent/carried/part_file.hpp"
#include "agent/network/links.hpp"
#include "agent/network/tables.hpp"
#include "agent/userland/namespaces.hpp"

namespace nap::agent {

using channel::Json;

namespace {

Result<Json> capture_tables() {
    NAP_TRY(Netlink netlink, Netlink::open(NETLINK_ROUTE));
    NAP_TRY(Json links, capture_links(netlink));
    Json captured{{"links", std::move(links)}, {"tables", Json::object()}};
    for (const Table& table : tables()) {
        NAP_TRY(const auto entries, list_entries(netlink, table));
        Json& list = captured["tables"][table.name] = Json::array();
        for (const Body& entry : entries) list.push_back(to_binary(entry));
    }
    return captured;
}

Result<> put_tables(const Json& captured, Warnings& warnings) {
    NAP_TRY(Netlink netlink, Netlink::open(NETLINK_ROUTE));
    const auto warn = [&](const std::vector<std::string>& refused) {
        warnings.insert(warnings.end(), refused.begin(), refused.end());
    };
    NAP_TRY(const auto refused_links, put_links(netlink, captured.value("links", Json::array())));
    warn(refused_links);
    for (const Table& table : tables()) {
        std::vector<Body> wanted;
        for (const Json& entry : captured["tables"].value(table.name, Json::array())) {
            NAP_TRY(Body body, from_binary(entry));
            wanted.push_back(std::move(body));
        }
        NAP_TRY(const auto refused, fill_table(netlink, table, wanted));
        warn(refused);
    }
    return {};
}

Result<Json> capture(Agent&, const Task&) {
    Json captured;
    const auto done = in_machine_network([&]() -> Result<> {
        NAP_TRY(captured, capture_tables());
        return {};
    });
    if (!done) return std::unexpected(done.error());
    return captured;
}

Result<> put_before(Agent&, const Json& captured, Warnings& warnings) {
    return in_machine_network([&] { return put_tables(captured, warnings); });
}

}  // namespace

void rehearse_network() {
    (void)in_machine_network([]() -> Result<> {
        (void)capture_tables();
        return {};
    });
}

const Part kNetwork{"network", capture, put_before, nullptr};

}  // namespace nap::agent
