// SPDX-License-Identifier: GPL-2.0-only
// Commit: the record, then the older generation is ended before anything else happens, then the newer one
// serves.
#include <algorithm>

#include "machine/memory_file.hpp"
#include "update/agent/agent_calls.hpp"
#include "update/attempt.hpp"

namespace nap::update {

namespace {

constexpr std::chrono::milliseconds kAnswerLimit{10'000};

// What was restored is still there, in a kernel that answers.
Result<> newer_answers(Attempt& attempt, std::chrono::milliseconds limit) {
    auto init = agent::userland_init(attempt.newer->agent(), limit);
    if (!init) return std::unexpected(init.error().within("the newer kernel, just before the commit"));
    if (*init != 0 && *init == attempt.newer_init_host_pid) return {};
    return fail(ErrorKind::guest, "the restored processes ended in the newer kernel, just before the commit");
}

// For what the newer generation may come to use; the older one's own memory becomes free. Others may have
// filled the tmpfs since the update began, and a QEMU for which it has no page ends.
Result<> check_room(const RunningMachine& machine) {
    const auto needed = memory_not_yet_used(machine);
    const auto older = machine.layout.kernel_memory;
    auto room = machine::check_space(machine.paths.memory, needed - std::min(needed, older));
    if (!room)
        return std::unexpected(room.error().within("the newer kernel's memory, just before the commit"));
    return {};
}

// It was not needed any more: whoever reads the report may want to know all the same.
void note_own_end(Attempt& attempt) {
    auto& older = *attempt.machine.generation;
    if (older.process().running()) return;
    const auto end = older.ended();
    if (!end) return;
    attempt.note(*end);
    attempt.report.warnings.push_back(machine::sentence(*end) + "; the newer kernel had all it needs of it");
}

}  // namespace

// Asked twice: an agent that ended is started again, and has not heard of the first.
Result<> resume_userland(Attempt& attempt) {
    if (attempt.resumed) return {};
    Result<> done;
    for (int tries = 0; tries < 2 && !attempt.resumed; ++tries) {
        done = agent::done(attempt.machine.generation->agent().call(
            "resume", {{"realtime_ahead", attempt.realtime_ahead_ns}},
            std::min(kAnswerLimit, attempt.limits.call)));
        attempt.resumed = done.has_value();
    }
    return done;
}

void take_over(Attempt& attempt) {
    RunningMachine& machine = attempt.machine;
    if (machine.generation) {
        auto step = attempt.timeline.step("end older generation");
        note_own_end(attempt);
        machine.generation->end();
    }
    machine.generation = std::move(attempt.newer);
    machine.kernel = attempt.newer_kernel;
    machine.config.kernel = attempt.newer_kernel.version;
    machine.number = attempt.number;
    machine.tap = std::move(attempt.tap);
    machine.init_host_pid = attempt.newer_init_host_pid;
    attempt.warn(attempt.point("commit.ended"), "committing");
    auto step = attempt.timeline.step("resume");
    attempt.warn(machine.generation->release_network(), "releasing the network");
    attempt.warn(attempt.point("commit.released"), "committing");
    attempt.warn(resume_userland(attempt), "resuming the userland");
    attempt.warn(attempt.point("commit.resumed"), "committing");
    attempt.report.pause_ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - *attempt.frozen_at)
            .count();
}

Result<> commit(Attempt& attempt) {
    NAP_CHECK(attempt.point("commit"));
    const auto limit = std::min(kAnswerLimit, attempt.limits.call);
    NAP_CHECK(newer_answers(attempt, attempt.within_pause(limit)));
    NAP_CHECK(check_room(attempt.machine));
    if (attempt.pause_is_over()) return fail(ErrorKind::timeout, "the newer kernel was ready too late");
    NAP_CHECK(attempt.journal->reach(Step::committed));
    attempt.warn(attempt.point("commit.recorded"), "committing");
    // The record decides between two living generations. A newer one that died while it was written has
    // served nobody yet: the older one goes on.
    NAP_CHECK(newer_answers(attempt, limit));
    // The one commit point. Nothing is given back any more.
    for (Guard* guard : {&attempt.quiet, &attempt.network, &attempt.tasks, &attempt.file_systems,
                         &attempt.cpus, &attempt.overlay, &attempt.files})
        guard->dismiss();
    attempt.restore_call.reset();
    attempt.warn(without_exceptions([&attempt]() -> Result<> {
                     take_over(attempt);
                     return {};
                 }),
                 "committing");
    return {};
}

}  // namespace nap::update
