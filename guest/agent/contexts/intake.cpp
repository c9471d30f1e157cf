// SPDX-License-Identifier: GPL-2.0-only
#include "agent/contexts/intake.hpp"

#include <array>
#include <chrono>
#include <variant>

namespace nap::agent {

namespace {

constexpr std::chrono::minutes kPeerLimit{2};
constexpr std::uint8_t kFirstPart = 1, kLastPart = 4;

}  // namespace

Result<Intake> receive_plan(channel::Call& call) {
    std::vector<std::byte> plan, calls, connections;
    Intake intake;
    const std::array parts = {&plan, &intake.spilled, &calls, &connections};
    for (std::size_t ended = 0; ended < parts.size();) {
        NAP_TRY(const channel::Incoming incoming, call.receive(kPeerLimit));
        if (const auto* data = std::get_if<channel::Data>(&incoming)) {
            if (data->part < kFirstPart || data->part > kLastPart)
                return fail(ErrorKind::protocol, "a restore has no data part " + std::to_string(data->part));
            auto& into = *parts.at(data->part - kFirstPart);
            into.insert(into.end(), data->bytes.begin(), data->bytes.end());
        } else if (const auto* end = std::get_if<channel::End>(&incoming)) {
            if (end->part >= kFirstPart) ++ended;
        }
    }
    NAP_TRY(intake.plan, context::decode(plan));
    NAP_TRY(intake.calls, context::decode_calls(calls));
    NAP_TRY(intake.connections, context::decode_connections(connections));
    return intake;
}

}  // namespace nap::agent
