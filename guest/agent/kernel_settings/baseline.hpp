// SPDX-License-Identifier: GPL-2.0-only
// Baseline: the settings this kernel had before the machine's programs could set any. What differs from it
// later was set by them, and is carried.
#pragma once

#include <memory>

#include "agent/kernel_settings/values.hpp"

namespace nap::agent {

struct Baseline {
    std::vector<std::string> paths;  // of all settings, also of those that could not be read
    Values values;
};

// After `network`. Kept in a file, for an agent that is started again.
Result<> record_baseline();
Result<std::shared_ptr<const Baseline>> recorded_baseline();

// What the machine's programs have set, and not to what it was.
Values difference(const Values& baseline, const Values& now);

}  // namespace nap::agent
