// SPDX-License-Identifier: GPL-2.0-only
#include "agent/undo/undo.hpp"

#include "agent/calls/log.hpp"
#include "agent/freezing/freeze.hpp"
#include "agent/undo/patient.hpp"

namespace nap::agent {

namespace {

constexpr std::chrono::milliseconds kFrozenAgainLimit{2'000};

void note(const Result<>& done, Problems& problems) {
    if (!done) problems.push_back(done.error().message);
}

// CRIU is held: what it has stopped stays where it is when it is gone, and sockets can be reached.
void undo_at_exit(const UndoJournal& journal, Problems& problems) {
    note(set_frozen(true), problems);
    undo_descriptors(journal.open(), problems);
}

// CRIU is gone.
void undo_after_exit(const UndoJournal& journal, Problems& problems) {
    const auto acts = journal.open();
    note(wait_until_frozen(kFrozenAgainLimit), problems);
    if (!acts.empty()) {
        log("undoing " + std::to_string(acts.size()) + " things that CRIU left");
        undo_tasks(acts, problems);
    }
    UndoJournal::discard();
    for (const auto& problem : problems) log("cannot undo: " + problem);
}

}  // namespace

Result<GuardedEnd> run_undoing(Command command, std::chrono::milliseconds limit, Problems& problems) {
    NAP_TRY(UndoJournal journal, UndoJournal::make());
    command.argv.insert(command.argv.end(), {"--undo-fd", std::to_string(kUndoDescriptor)});
    command.descriptors.emplace_back(journal.descriptor(), kUndoDescriptor);
    auto end = run_guarded(command, journal, limit, [&] { undo_at_exit(journal, problems); });
    undo_after_exit(journal, problems);
    return end;
}

void undo_left_dump() {
    auto journal = UndoJournal::open_left();
    if (!journal) {
        if (journal.error().kind != ErrorKind::not_found) UndoJournal::discard();
        return;
    }
    Problems problems;
    if (const pid_t criu = journal->criu())
        note(end_guarded(criu, [&] { undo_at_exit(*journal, problems); }), problems);
    undo_after_exit(*journal, problems);
}

}  // namespace nap::agent
