// SPDX-License-Identifier: GPL-2.0-only
// An update that committed, but is not settled: the overlay of its newer generation is part of the disk until
// it is merged, the journal ends with `committed` until then.
#pragma once

#include "update/running_machine.hpp"
#include "update/update.hpp"

namespace nap::update {

Result<bool> is_unsettled(const machine::MachinePaths& paths);

// What is left to do, if anything: by the running generation, or where none runs any more.
Result<> settle_last_update(RunningMachine& machine, const TimeLimits& limits);
Result<> settle_without_guest(RunningMachine& machine);

}  // namespace nap::update
