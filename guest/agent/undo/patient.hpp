// SPDX-License-Identifier: GPL-2.0-only
// Patient: a process that CRIU left in the middle of a dump, set right from outside: code, registers, signal
// masks of its threads put back, the parasite's memory and descriptors removed.
#pragma once

#include <vector>

#include "agent/undo/descriptors.hpp"
#include "agent/undo/journal.hpp"

namespace nap::agent {

// The userland is frozen, and nobody traces it any more.
void undo_tasks(const std::vector<OpenAct>& acts, Problems& problems);

}  // namespace nap::agent
