// SPDX-License-Identifier: GPL-2.0-only
// Commit: the record, then the older generation is ended before anything else happens, then the newer one
// serves.
#include "update/agent_calls.hpp"
#include "update/attempt.hpp"

namespace nap::update {

namespace {

// A failure is a warning from here on; so is a fault on purpose.
void warn(Attempt& attempt, const Result<>& done, std::string_view what) {
    if (!done) attempt.report.warnings.push_back(done.error().within(what).message);
}

}  // namespace

void take_over(Attempt& attempt) {
    RunningMachine& machine = attempt.machine;
    if (machine.generation) {
        auto step = attempt.timeline.step("end older generation");
        machine.generation->end();
    }
    machine.generation = std::move(attempt.newer);
    machine.kernel = attempt.newer_kernel;
    machine.config.kernel = attempt.newer_kernel.version;
    machine.number = attempt.number;
    machine.tap = std::move(attempt.tap);
    machine.init_host_pid = attempt.newer_init_host_pid;
    warn(attempt, attempt.point("commit.ended"), "committing");
    auto step = attempt.timeline.step("resume");
    warn(attempt, machine.generation->release_network(), "releasing the network");
    warn(attempt, attempt.point("commit.released"), "committing");
    warn(attempt,
         agent::done(machine.generation->agent().call("resume", {{"realtime", attempt.machine_time_now()}},
                                                      attempt.limits.call)),
         "resuming the userland");
    warn(attempt, attempt.point("commit.resumed"), "committing");
    attempt.report.pause_ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - attempt.frozen_at)
            .count();
}

Result<> commit(Attempt& attempt) {
    NAP_CHECK(attempt.point("commit"));
    if (!attempt.newer->process().running())
        return fail(ErrorKind::guest, "the newer kernel ended just before the commit");
    NAP_CHECK(attempt.journal->reach(Step::committed));
    // The one commit point. Nothing is given back any more.
    for (Guard* guard : {&attempt.quiet, &attempt.network, &attempt.tasks, &attempt.file_systems,
                         &attempt.cpus, &attempt.files})
        guard->dismiss();
    attempt.restore_call.reset();
    warn(attempt, attempt.point("commit.recorded"), "committing");
    take_over(attempt);
    return {};
}

}  // namespace nap::update
