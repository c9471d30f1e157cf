// SPDX-License-Identifier: GPL-2.0-only
// Modules: what the older kernel has loaded beside what every generation loads is loaded into the newer one,
// from the machine's own /lib/modules of that version, before anything depends on it.
#pragma once

#include <vector>

#include "update/attempt.hpp"

namespace nap::update {

// Of modules that the newer kernel could not have.
Result<std::vector<Obstacle>> find_module_obstacles(RunningMachine& machine, const kernel::Kernel& newer,
                                                    const TimeLimits& limits);

// Prepare, before the newer kernel is asked to withhold memory.
Result<> bring_modules(Attempt& attempt);

}  // namespace nap::update
