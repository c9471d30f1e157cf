// SPDX-License-Identifier: GPL-2.0-only
#include "agent/contexts/intake.hpp"

#include <array>
#include <chrono>
#include <cstring>
#include <variant>

namespace nap::agent {

namespace {

constexpr std::chrono::minutes kPeerLimit{2};
constexpr std::uint8_t kFirstPart = 1, kLastPart = 4;

Result<std::vector<std::uint64_t>> words_of(const std::vector<std::byte>& bytes) {
    std::vector<std::uint64_t> words(bytes.size() / sizeof(std::uint64_t));
    if (words.size() * sizeof(std::uint64_t) != bytes.size())
        return fail(ErrorKind::protocol, "the tasks' accounts are cut off");
    if (!words.empty()) std::memcpy(words.data(), bytes.data(), bytes.size());
    return words;
}

}  // namespace

Result<Intake> receive_plan(channel::Call& call) {
    std::vector<std::byte> plan, calls, accounts;
    Intake intake;
    const std::array parts = {&plan, &intake.spilled, &calls, &accounts};
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
    NAP_TRY(intake.accounts, words_of(accounts));
    return intake;
}

}  // namespace nap::agent
