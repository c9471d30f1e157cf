// SPDX-License-Identifier: GPL-2.0-only
#include "agent/contexts/intake.hpp"

#include <chrono>
#include <variant>

namespace nap::agent {

namespace {

constexpr std::chrono::minutes kPeerLimit{2};
constexpr std::uint8_t kPlanPart = 1, kSpilledPart = 2;

}  // namespace

Result<Intake> receive_plan(channel::Call& call) {
    std::vector<std::byte> plan;
    Intake intake;
    for (bool plan_ended = false, spilled_ended = false; !plan_ended || !spilled_ended;) {
        NAP_TRY(const channel::Incoming incoming, call.receive(kPeerLimit));
        if (const auto* data = std::get_if<channel::Data>(&incoming)) {
            if (data->part != kPlanPart && data->part != kSpilledPart)
                return fail(ErrorKind::protocol, "a restore has no data part " + std::to_string(data->part));
            auto& into = data->part == kPlanPart ? plan : intake.spilled;
            into.insert(into.end(), data->bytes.begin(), data->bytes.end());
        } else if (const auto* end = std::get_if<channel::End>(&incoming)) {
            plan_ended = plan_ended || end->part == kPlanPart;
            spilled_ended = spilled_ended || end->part == kSpilledPart;
        }
    }
    NAP_TRY(intake.plan, context::decode(plan));
    return intake;
}

}  // namespace nap::agent
