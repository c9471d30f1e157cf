// SPDX-License-Identifier: GPL-2.0-only
#include "update/agent/agent_calls.hpp"

#include <spdlog/fmt/fmt.h>

#include <limits>

namespace nap::update::agent {

namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

Result<> network(channel::Link& agent, const machine::Config& config, Milliseconds limit) {
    Json params = {{"mac", config.network ? config.network->mac : ""}};
    if (!config.address.empty()) params["cidr"] = config.address;
    if (!config.gateway.empty()) params["gateway"] = config.gateway;
    return done(agent.call("network", params, limit));
}

Result<walk::Anchors> anchors(channel::Link& agent, Milliseconds limit) {
    NAP_TRY(Json answer, agent.call("anchors", Json::object(), limit));
    return anchors_from(answer);
}

Result<std::int32_t> userland_init(channel::Link& agent, Milliseconds limit) {
    NAP_TRY(Json userland, agent.call("userland", Json::object(), limit));
    NAP_TRY(auto pid, number(userland, "host_pid", "userland", std::numeric_limits<std::int32_t>::max()));
    return static_cast<std::int32_t>(pid);
}

Result<> wait_for_state(channel::Call& call, std::string_view state, Milliseconds limit) {
    auto deadline = Clock::now() + limit;
    for (;;) {
        auto left = std::chrono::ceil<Milliseconds>(deadline - Clock::now());
        if (left.count() <= 0)
            return fail(ErrorKind::timeout,
                        fmt::format("the agent did not come to {} within {} ms", state, limit.count()));
        NAP_TRY(auto incoming, call.receive(left));
        if (auto* event = std::get_if<channel::Event>(&incoming)) {
            auto* reached = channel::text_in(event->content, "state");
            if (reached && *reached == state) return {};
        } else if (auto* reply = std::get_if<channel::Reply>(&incoming)) {
            if (!reply->result) return std::unexpected(reply->result.error());
            return fail(ErrorKind::protocol, fmt::format("the agent ended its call before {}", state));
        }
    }
}

}  // namespace nap::update::agent
