// SPDX-License-Identifier: GPL-2.0-only
#include "update/agent/check_call.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "update/agent/agent_answers.hpp"

namespace nap::update::agent {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
constexpr std::uint64_t kMostProcesses = 4 << 20;  // PID_MAX_LIMIT

}  // namespace

Result<std::vector<Obstacle>> check(channel::Link& agent, milliseconds limit, const Looked& looked) {
    const auto begin = Clock::now();
    milliseconds granted = limit;
    std::uint64_t checked = 0, of = 0;
    NAP_TRY(auto call, agent.start("check"));
    for (;;) {
        const auto left = std::chrono::ceil<milliseconds>(begin + granted - Clock::now());
        auto incoming = left.count() > 0 ? call->receive(left) : fail(ErrorKind::timeout, "");
        if (!incoming && incoming.error().kind == ErrorKind::timeout)
            return fail(ErrorKind::timeout,
                        fmt::format("the check did not end within {} s; {} of {} processes were looked at",
                                    granted.count() / 1000, checked, of));
        if (!incoming) return std::unexpected(incoming.error());
        if (const auto* reply = std::get_if<channel::Reply>(&*incoming)) {
            if (!reply->result) return std::unexpected(reply->result.error());
            return obstacles_from(*reply->result);
        }
        const auto* event = std::get_if<channel::Event>(&*incoming);
        if (event == nullptr) continue;
        of = channel::number_in(event->content, "of", kMostProcesses).value_or(of);
        checked = channel::number_in(event->content, "checked", of).value_or(checked);
        granted = std::max(limit, std::min<milliseconds>(limit + of * kCheckOfOne, kLongestCheck));
        if (looked) looked(checked, of);
    }
}

}  // namespace nap::update::agent
