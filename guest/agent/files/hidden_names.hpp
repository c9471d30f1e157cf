// SPDX-License-Identifier: GPL-2.0-only
// Hidden names: the disk goes over as it is, so all that a nameless file lacks to be found in the newer
// kernel is a name. For the time between freeze and commit each has one, its inode's number, in a folder that
// only root can enter, made past all who watch (guest/module/nameless.c). A rollback and the next start take
// them away.
#pragma once

#include <cstdint>
#include <filesystem>

#include "agent/contexts/step_times.hpp"
#include "base/error.hpp"

namespace nap::agent {

// Where a nameless file of the root disk will be, from there.
std::filesystem::path hidden_name(std::uint64_t inode);

// Older kernel, before the freeze: what takes a while.
Result<> prepare_hidden_names();
// The userland frozen, its file systems not yet.
Result<> give_hidden_names(StepTimes& times);
// Nothing is done where there are none.
Result<> take_hidden_names();
// After an update that was undone: the module goes again, where this kernel did without before.
Result<> end_hidden_names();

}  // namespace nap::agent
