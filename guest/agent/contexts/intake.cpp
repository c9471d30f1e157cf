// SPDX-License-Identifier: GPL-2.0-only
#include "agent/contexts/intake.hpp"

#include <array>
#include <chrono>
#include <cstring>
#include <span>
#include <variant>

namespace nap::agent {

namespace {

constexpr std::chrono::minutes kPeerLimit{2};
constexpr std::uint8_t kFirstPart = 1, kLastPart = 3;

Result<std::vector<std::uint64_t>> take_accounts(std::span<const std::byte>& bytes) {
    const auto cut_off = [] { return fail(ErrorKind::protocol, "the tasks' accounts are cut off"); };
    std::uint64_t count = 0;
    if (bytes.size() < sizeof count) return cut_off();
    std::memcpy(&count, bytes.data(), sizeof count);
    bytes = bytes.subspan(sizeof count);
    if (count > bytes.size() / sizeof count) return cut_off();
    std::vector<std::uint64_t> words(count);
    if (count != 0) std::memcpy(words.data(), bytes.data(), count * sizeof count);
    bytes = bytes.subspan(count * sizeof count);
    return words;
}

}  // namespace

Result<Intake> receive_plan(channel::Call& call) {
    std::vector<std::byte> accounts_and_plan, calls;
    Intake intake;
    const std::array parts = {&accounts_and_plan, &intake.spilled, &calls};
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
    std::span<const std::byte> first = accounts_and_plan;
    NAP_TRY(intake.accounts, take_accounts(first));
    NAP_TRY(intake.plan, context::decode(first));
    NAP_TRY(intake.calls, context::decode_calls(calls));
    return intake;
}

}  // namespace nap::agent
