// SPDX-License-Identifier: GPL-2.0-only
// Phases of an update, and the steps its journal knows.
#pragma once

#include <optional>
#include <string_view>

namespace nap::update {

enum class Phase { check, prepare, freeze, capture, restore, commit, settle };

std::string_view to_string(Phase phase);

// What has been reached for certain. `committed` is the one commit point: before it the older kernel goes on,
// after it the newer one does.
enum class Step { begun, prepared, frozen, captured, restored, committed, settled, rolled_back };

std::string_view to_string(Step step);
std::optional<Step> step_from(std::string_view name);

// The transaction's state machine: steps come in order; `settled` and `rolled_back` are final. `rolled_back`
// may follow any step before `committed`, and that only where the newer generation died before the older one
// was ended (recovery.hpp).
bool may_follow(Step from, Step to);
bool is_final(Step step);

}  // namespace nap::update
