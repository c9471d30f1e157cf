// SPDX-License-Identifier: GPL-2.0-only
#include "update/agent_calls.hpp"

namespace nap::update::agent {

using channel::Json;

namespace {

template <class T, class Read>
Result<T> typed(const Result<Json>& reply, const char* method, Read read) {
    if (!reply) return std::unexpected(reply.error());
    try {
        return read(*reply);
    } catch (const Json::exception& exception) {
        return fail(ErrorKind::protocol, std::string("the agent's answer to ") + method +
                                             " is not what it must be: " + exception.what());
    }
}

}  // namespace

Result<> network(channel::Link& agent, const machine::Config& config, Milliseconds limit) {
    Json params = {{"mac", config.network ? config.network->mac : ""}};
    if (!config.address.empty()) params["cidr"] = config.address;
    if (!config.gateway.empty()) params["gateway"] = config.gateway;
    return done(agent.call("network", params, limit));
}

Result<walk::Anchors> anchors(channel::Link& agent, Milliseconds limit) {
    return typed<walk::Anchors>(agent.call("anchors", Json::object(), limit), "anchors",
                                [](const Json& reply) {
                                    walk::Anchors out;
                                    out.init_task = reply.at("init_task").get<std::uint64_t>();
                                    out.text = reply.at("text").get<std::uint64_t>();
                                    out.page_offset_base = reply.at("page_offset_base").get<std::uint64_t>();
                                    out.vmemmap_base = reply.at("vmemmap_base").get<std::uint64_t>();
                                    out.kernel_code = reply.at("kernel_code").get<std::uint64_t>();
                                    out.la57 = reply.at("la57").get<bool>();
                                    return out;
                                });
}

Result<Clocks> clocks(channel::Link& agent, Milliseconds limit) {
    return typed<Clocks>(agent.call("clock", Json::object(), limit), "clock", [](const Json& reply) {
        return Clocks{reply.at("realtime").get<std::int64_t>(), reply.at("monotonic").get<std::int64_t>()};
    });
}

}  // namespace nap::update::agent
