// SPDX-License-Identifier: GPL-2.0-only
// Guarded: CRIU at a dump, held at its exit however it ends. There the tasks it has stopped are still
// stopped, and its descriptors still open: the userland is frozen and its sockets set right before any of
// them can run.
#pragma once

#include <chrono>
#include <functional>

#include "agent/undo/journal.hpp"
#include "base/process.hpp"

namespace nap::agent {

struct GuardedEnd {
    int status;      // as of wait(2)
    bool timed_out;  // killed at the limit
};

// Runs `command`, CRIU with the journal, and `at_exit` when it is about to end. In one thread, the caller's.
Result<GuardedEnd> run_guarded(const Command& command, UndoJournal& journal, std::chrono::milliseconds limit,
                               const std::function<void()>& at_exit);

// The same for a CRIU whose agent has died: it is killed first. Nothing to do where it is gone already.
Result<> end_guarded(pid_t criu, const std::function<void()>& at_exit);

}  // namespace nap::agent
