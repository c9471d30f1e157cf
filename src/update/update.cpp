// SPDX-License-Identifier: GPL-2.0-only
#include "update/update.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "update/attempt.hpp"
#include "update/recovery/unsettled.hpp"

namespace nap::update {

void Attempt::tell(Phase phase, double fraction, std::string text) const {
    spdlog::info("update: {}: {}", to_string(phase), text);
    if (progress) progress({phase, fraction, std::move(text)});
}

void Attempt::roll_back() {
    restore_call.reset();
    memory_watch.reset();
    newer.reset();  // before anything of the older kernel goes on
    newer_memory.reset();
    for (Guard* guard : {&overlay, &files, &cpus, &file_systems, &tasks, &network, &quiet})
        guard->give_back();
    if (!journal) return;
    if (auto done = journal->reach(Step::rolled_back); !done) report.warnings.push_back(done.error().message);
}

Guard::Problem Attempt::problem(std::string what) {
    return [this, what = std::move(what)](const Error& error) {
        spdlog::error("update: {}: {}", what, error.message);
        report.warnings.push_back(error.within(what).message);
    };
}

void Attempt::warn(const Result<>& done, std::string_view what) {
    if (!done) report.warnings.push_back(done.error().within(what).message);
}

void Attempt::note(const machine::End& end) {
    spdlog::error("update: {}", machine::sentence(end));
    for (const auto& line : machine::details(end)) spdlog::error("update: {}", line);
    report.ends.push_back(machine::to_json(end));
}

void Attempt::conclude(std::string outcome, std::string older, std::string newer_version) {
    report.outcome = std::move(outcome);
    report.older_kernel = std::move(older);
    report.newer_kernel = std::move(newer_version);
    report.accelerator = to_string(machine.accelerator.accelerator);
    report.phases_ms = timeline.phases_ms();
    report.steps = timeline.steps();
}

std::chrono::milliseconds Attempt::within_pause(std::chrono::milliseconds limit) const {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(frozen_at.value_or(std::chrono::steady_clock::now()) +
                                                     limits.pause - std::chrono::steady_clock::now());
    return std::clamp(left, std::chrono::milliseconds(1), limit);
}

bool Attempt::pause_is_over() const {
    return frozen_at && std::chrono::steady_clock::now() >= *frozen_at + limits.pause;
}

std::uint64_t memory_of_generation(RunningMachine& machine) {
    return own_memory(machine.generation->process().pid()) +
           allocated(machine.paths.kernel_memory(machine.number));
}

std::uint64_t memory_not_yet_used(const RunningMachine& machine) {
    const auto& paths = machine.paths;
    const auto used = allocated(paths.user_memory()) + allocated(paths.kernel_memory(machine.number)) +
                      allocated(paths.kernel_memory(machine.number + 1));
    const auto all = machine.layout.user_memory + 2 * machine.layout.kernel_memory;
    return all - std::min(all, used);
}

namespace {

using Json = nlohmann::json;

Json machine_time_facts(const Attempt& attempt) {
    const auto& time = *attempt.time_of_day;
    return {{"realtime_ns", time.guest_ns},
            {"host_monotonic_ns", std::chrono::nanoseconds(time.host.time_since_epoch()).count()}};
}

struct PhaseStep {
    Phase phase;
    Result<> (*run)(Attempt&);
    Step reached;
};

Error too_long(const Error& error, const TimeLimits& limits) {
    return {
        ErrorKind::timeout,
        fmt::format("the userland stood frozen for as long as it may, {} ms: {}; `nap update --max-pause` "
                    "allows more, should that be what this machine takes",
                    limits.pause.count(), error.message)};
}

Result<> run_phase(Attempt& attempt, const PhaseStep& step) {
    attempt.timeline.begin(step.phase);
    if (auto done = step.run(attempt); !done) {
        const Error error = done.error().within(to_string(step.phase));
        const bool too_late = attempt.pause_is_over() && attempt.journal->step() != Step::committed;
        return std::unexpected(too_late ? too_long(error, attempt.limits) : error);
    }
    Json facts = Json::object();
    if (step.reached == Step::frozen) facts["machine_time"] = machine_time_facts(attempt);
    if (attempt.journal->step() != step.reached) NAP_CHECK(attempt.journal->reach(step.reached, facts));
    return {};
}

Result<> run_to_commit(Attempt& attempt) {
    RunningMachine& machine = attempt.machine;
    attempt.timeline.begin(Phase::check);
    attempt.tell(Phase::check, 0.0, "checking what runs");
    NAP_CHECK(check(attempt));
    attempt.memory_before = memory_of_generation(machine);
    NAP_CHECK(settle_last_update(machine, attempt.limits));
    NAP_TRY(attempt.journal,
            Journal::begin(machine.paths.journal(), {{"older_kernel", machine.kernel.version},
                                                     {"older_number", machine.number},
                                                     {"newer_kernel", attempt.newer_kernel.version},
                                                     {"newer_number", attempt.number}}));
    for (const PhaseStep& step :
         {PhaseStep{Phase::prepare, prepare, Step::prepared}, PhaseStep{Phase::freeze, freeze, Step::frozen},
          PhaseStep{Phase::capture, capture, Step::captured},
          PhaseStep{Phase::restore, restore, Step::restored},
          PhaseStep{Phase::commit, commit, Step::committed}})
        NAP_CHECK(run_phase(attempt, step));
    return {};
}

// What failed, failed because of a generation's end. True: of the older one's, and with it the machine.
bool explain_by_ends(Attempt& attempt, Error& error) {
    const auto failed = "; because of that " + error.message;
    std::string ends;
    const auto note = [&](const std::optional<machine::End>& end) {
        if (!end) return false;
        attempt.note(*end);
        ends += (ends.empty() ? "" : "; ") + machine::sentence(*end);
        return true;
    };
    if (attempt.newer) (void)note(attempt.newer->ended());
    const bool lost = note(attempt.machine.generation->ended());
    if (!ends.empty()) error = {ErrorKind::guest, ends + failed};
    return lost;
}

// The older generation is gone: there is nothing to give back to.
void give_up_older(Attempt& attempt) {
    for (Guard* guard :
         {&attempt.cpus, &attempt.file_systems, &attempt.tasks, &attempt.network, &attempt.quiet})
        guard->dismiss();
}

// After the commit: the newer generation, which was the machine, has ended.
Error lost_after_commit(Attempt& attempt, const machine::End& end) {
    attempt.note(end);
    const auto& name = attempt.machine.config.name;
    return {ErrorKind::guest,
            fmt::format("kernel {} ended right after the commit: {}; {} does not run any more; "
                        "`nap start {}` starts it with all that was written to its disk",
                        end.kernel, machine::sentence(end), name, name)};
}

// Not committed.
const char* undo(Attempt& attempt, Error& error) {
    const auto name = attempt.machine.config.name;
    const bool lost = explain_by_ends(attempt, error);
    spdlog::warn("update: rolling back: {}", error.message);
    if (lost) give_up_older(attempt);
    attempt.roll_back();
    if (lost) error.message += fmt::format("; {} does not run any more: {}", name, machine::advice(name));
    attempt.report.error = error.message;
    if (lost) return "lost";
    attempt.machine.generation->begin_console();
    if (attempt.journal)  // else nothing had begun
        error.message += fmt::format("; {} still runs on kernel {}", name, attempt.machine.kernel.version);
    return "rolled back";
}

constexpr int kTries = 3;

// `in_flight`: what stood in the way, after the userland was frozen, may be gone the next time.
Outcome run_once(RunningMachine& machine, const kernel::Kernel& newer, const Testing& testing,
                 const ProgressSink& progress, const TimeLimits& limits, bool& in_flight) {
    Report report;
    Result<> result;
    TimeLimits within = limits;
    if (testing.time_limit.count() > 0) {
        within.call = within.freeze = within.dump = within.restore = testing.time_limit;
    }
    {
        Attempt attempt(machine, newer, testing, progress, within);
        const std::string older = machine.kernel.version;
        const char* outcome = "updated";
        result = without_exceptions([&] { return run_to_commit(attempt); });
        if (result) {
            attempt.timeline.begin(Phase::settle);
            auto settled = without_exceptions([&]() -> Result<> {
                settle(attempt);
                return {};
            });
            attempt.warn(settled, "settling");
            attempt.timeline.end();
            if (const auto end = machine.generation->ended()) {
                outcome = "lost";
                result = std::unexpected(lost_after_commit(attempt, *end));
                attempt.report.error = result.error().message;
            }
        } else {
            in_flight = attempt.frozen_at && result.error().kind == ErrorKind::busy;
            attempt.timeline.end();
            outcome = undo(attempt, result.error());
            in_flight = in_flight && result.error().kind == ErrorKind::busy;
        }
        attempt.conclude(outcome, older, newer.version);
        report = attempt.report;
    }
    return {std::move(report), std::move(result)};
}

}  // namespace

Outcome run_update(RunningMachine& machine, const kernel::Kernel& newer, const Testing& testing,
                   const ProgressSink& progress, const TimeLimits& limits) {
    for (int tries = 1;; ++tries) {
        bool in_flight = false;
        Outcome outcome = run_once(machine, newer, testing, progress, limits, in_flight);
        if (!in_flight || tries == kTries) return outcome;
        spdlog::warn("update: what was in the way may be gone: trying again");
    }
}

}  // namespace nap::update
