// SPDX-License-Identifier: GPL-2.0-only
#include "update/recovery/phase.hpp"

#include <array>
#include <utility>

namespace nap::update {

namespace {
constexpr std::array kPhases = {
    std::pair{Phase::check, std::string_view{"check"}},
    std::pair{Phase::prepare, std::string_view{"prepare"}},
    std::pair{Phase::freeze, std::string_view{"freeze"}},
    std::pair{Phase::capture, std::string_view{"capture"}},
    std::pair{Phase::restore, std::string_view{"restore"}},
    std::pair{Phase::commit, std::string_view{"commit"}},
    std::pair{Phase::settle, std::string_view{"settle"}},
};
constexpr std::array kSteps = {
    std::pair{Step::begun, std::string_view{"begun"}},
    std::pair{Step::prepared, std::string_view{"prepared"}},
    std::pair{Step::frozen, std::string_view{"frozen"}},
    std::pair{Step::captured, std::string_view{"captured"}},
    std::pair{Step::restored, std::string_view{"restored"}},
    std::pair{Step::committed, std::string_view{"committed"}},
    std::pair{Step::settled, std::string_view{"settled"}},
    std::pair{Step::rolled_back, std::string_view{"rolled_back"}},
};
}  // namespace

std::string_view to_string(Phase phase) {
    for (auto [known, name] : kPhases)
        if (known == phase) return name;
    return "?";
}

std::string_view to_string(Step step) {
    for (auto [known, name] : kSteps)
        if (known == step) return name;
    return "?";
}

std::optional<Step> step_from(std::string_view name) {
    for (auto [step, known] : kSteps)
        if (known == name) return step;
    return std::nullopt;
}

bool is_final(Step step) {
    return step == Step::settled || step == Step::rolled_back;
}

bool may_follow(Step from, Step to) {
    if (is_final(from)) return false;
    if (to == Step::rolled_back) return true;
    return static_cast<int>(to) == static_cast<int>(from) + 1;
}

}  // namespace nap::update
