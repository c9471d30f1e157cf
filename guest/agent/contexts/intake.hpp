// SPDX-License-Identifier: GPL-2.0-only
// Intake: the plan, the spilled bytes, the interrupted calls and the tasks' accounts, as they come from the
// host within a restore.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "channel/link.hpp"
#include "context/interrupted_call.hpp"
#include "context/plan.hpp"

namespace nap::agent {

struct Intake {
    // Data part 1: the number of words of the accounts (guest/module/nap_account.h), these, then the plan.
    std::vector<std::uint64_t> accounts;
    std::vector<context::TaskPlan> plan;
    std::vector<std::byte> spilled;               // data part 2
    std::vector<context::InterruptedCall> calls;  // data part 3
};

// Until all parts have ended.
Result<Intake> receive_plan(channel::Call& call);

}  // namespace nap::agent
