// SPDX-License-Identifier: GPL-2.0-only
// Undo: however a dump ends, nothing that CRIU did to the userland is left when the userland goes on. CRIU
// undoes what it does, where it can; what its journal says is open when it is about to end is undone here.
#pragma once

#include <chrono>

#include "agent/undo/descriptors.hpp"
#include "agent/undo/guarded.hpp"

namespace nap::agent {

inline constexpr int kUndoDescriptor = 103;  // the journal's, in CRIU: --undo-fd

// Runs CRIU's dump. The userland is frozen afterwards, as it was found, however CRIU ended. What could not be
// undone is said in `problems`.
Result<GuardedEnd> run_undoing(Command command, std::chrono::milliseconds limit, Problems& problems);

// A dump whose agent died: CRIU is ended, and undone. Before each thaw; nothing to do, nearly always.
void undo_left_dump();

}  // namespace nap::agent
