// SPDX-License-Identifier: GPL-2.0-only
#include "update/recovery/recover.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <filesystem>

#include "machine/qemu/found_generations.hpp"
#include "update/agent/agent_calls.hpp"
#include "update/attempt.hpp"
#include "update/phases/borrowed.hpp"
#include "update/recovery/recovery.hpp"
#include "update/recovery/unsettled.hpp"

namespace nap::update {

namespace {

using machine::FoundGeneration;
using Living = std::map<int, FoundGeneration>;

Result<> end(const FoundGeneration& found) {
    auto process = Process::adopt(found.pid, found.start_time);
    if (process) process->kill_and_wait();
    if (!process && process.error().kind != ErrorKind::not_found) return std::unexpected(process.error());
    return {};
}

Result<> end_all_but(const Living& living, int number) {
    for (const auto& [other, found] : living)
        if (other != number) NAP_CHECK(end(found));
    return {};
}

Result<std::optional<machine::TapQueue>> take_tap(const RunningMachine& machine,
                                                  const FoundGeneration& found) {
    if (!machine.config.network) return std::nullopt;
    NAP_TRY(auto tap, machine::TapQueue::take_from(found.pid, machine::kTapFd));
    return tap;
}

Result<std::unique_ptr<machine::Generation>> adopt(const RunningMachine& machine,
                                                   const kernel::Kernel& kernel, int number,
                                                   const FoundGeneration& found, const TimeLimits& limits) {
    return machine::Generation::adopt(machine.spec(kernel, number, number > 1), found.pid, found.start_time,
                                      {}, limits.call);
}

// The generation becomes the one that runs the machine.
Result<> install(RunningMachine& machine, const kernel::Kernel& kernel, int number,
                 const FoundGeneration& found, const TimeLimits& limits) {
    NAP_TRY(machine.tap, take_tap(machine, found));
    NAP_TRY(machine.generation, adopt(machine, kernel, number, found, limits));
    machine.kernel = kernel;
    machine.number = number;
    return {};
}

constexpr int kReadingsInPause = 20;

class Recoverer {
  public:
    Recoverer(RunningMachine& machine, const kernel::MachineKernels& kernels, const TimeLimits& limits)
        : machine_(machine), kernels_(kernels), limits_(limits) {}

    // Until all has gone well the machine's processes are nobody's: an error ends none of them.
    Result<Recovered> run() {
        auto recovered = recover();
        if (recovered && machine_.generation) machine_.generation->keep();
        return recovered;
    }

  private:
    Result<Recovered> recover() {
        NAP_TRY(living_, machine::find_generations(machine_.config.name, machine_.paths));
        if (!living_.empty()) keep_accelerator(living_.begin()->second.accelerator);
        NAP_TRY(journal_, read_journal(machine_.paths.journal()));
        bool under_way = !journal_.empty() && !is_final(journal_.back().step);
        if (living_.empty() && !under_way) return Recovered{};
        if (journal_.empty()) return serve_on(machine_.config.kernel, 1);

        NAP_TRY(of_, transaction_of(journal_));
        auto recovery =
            decide(journal_, living_.contains(of_.older_number), living_.contains(of_.newer_number));
        if (recovery != Recovery::none)
            spdlog::warn("the supervisor before ended during an update, after step {}",
                         to_string(journal_.back().step));
        switch (recovery) {
            case Recovery::none:
                return journal_.back().step == Step::settled ? serve_on(of_.newer_kernel, of_.newer_number)
                                                             : serve_on(of_.older_kernel, of_.older_number);
            case Recovery::roll_back:
                return roll_back();
            case Recovery::complete:
                return complete();
            case Recovery::lost:
                return lost();
            case Recovery::lost_after_commit:
                return lost_after_commit();
        }
        return fail(ErrorKind::internal, "a recovery of no known kind");
    }

    // Programs that have found out what their processor can do must not wake up on another, whatever
    // a successor finds on this host.
    void keep_accelerator(machine::Accelerator accelerator) {
        if (machine_.accelerator.accelerator != accelerator)
            machine_.accelerator = {accelerator, "the machine was started so"};
        auto credentials = machine::credentials_of(machine_.paths.state, accelerator);
        // It runs all the same; that no newer generation can be started will be said when one is
        if (!credentials) spdlog::warn("{}", credentials.error().message);
        const auto user = machine::user_of(machine_.paths.state);
        machine_.credentials =
            credentials ? *std::move(credentials) : Credentials{.user = user, .group = user};
    }

    // A machine that was half-way up, or half-way down, has no userland: it is ended.
    Result<Recovered> serve_on(const std::string& version, int number) {
        if (living_.empty()) return Recovered{};
        if (!living_.contains(number))
            return fail(
                ErrorKind::protocol,
                fmt::format("generation {} of {} lives, which its journal does not know: it should be {}",
                            living_.begin()->first, machine_.config.name, number));
        NAP_CHECK(end_all_but(living_, number));
        NAP_TRY(auto kernel, kernels_.find(version));
        NAP_CHECK(install(machine_, kernel, number, living_.at(number), limits_));
        NAP_TRY(machine_.init_host_pid, agent::userland_init(machine_.generation->agent(), limits_.call));
        if (machine_.init_host_pid == 0) {
            machine_.generation->end();
            machine_.generation.reset();
            machine_.tap.reset();
            return Recovered{};
        }
        if (machine_.tap) NAP_CHECK(machine_.tap->attach());
        spdlog::info("serving generation {} on, kernel {}", number, version);
        return Recovered{.runs = true, .report = {}};
    }

    // The host's clock has not stopped since it was written down.
    [[nodiscard]] agent::ClockReading time_of_day() const {
        return {agent::HostClock::time_point(std::chrono::nanoseconds(of_.host_monotonic_ns)),
                of_.realtime_ns};
    }

    Recovered recovered(Attempt& attempt, const char* outcome) {
        attempt.conclude(outcome, of_.older_kernel, of_.newer_kernel);
        return {.runs = machine_.generation != nullptr, .report = attempt.report};
    }

    Result<Recovered> roll_back() {
        NAP_CHECK(end_all_but(living_, of_.older_number));
        NAP_TRY(auto older, kernels_.find(of_.older_kernel));
        NAP_CHECK(install(machine_, older, of_.older_number, living_.at(of_.older_number), limits_));
        Attempt attempt(machine_, older, {}, {}, limits_);
        NAP_TRY(attempt.journal, Journal::resume(machine_.paths.journal(), journal_));
        if (of_.host_monotonic_ns != 0) attempt.time_of_day = time_of_day();
        attempt.files = made_files(attempt);
        attempt.quiet = quieted(attempt);
        attempt.network = handed_network(attempt);
        attempt.tasks = frozen_tasks(attempt);
        attempt.file_systems = frozen_file_systems(attempt);
        attempt.cpus = stopped_cpus(attempt);
        attempt.overlay = made_overlay(attempt);
        attempt.roll_back();
        attempt.report.error = fmt::format("nap's supervisor ended during the update, after step {}",
                                           to_string(journal_.back().step));
        NAP_TRY(machine_.init_host_pid, agent::userland_init(machine_.generation->agent(), limits_.call));
        spdlog::warn("update: rolled back, {} still runs on kernel {}", machine_.config.name,
                     of_.older_kernel);
        return recovered(attempt, "rolled back");
    }

    // The newer generation, and that its userland is there.
    Result<> join_newer(Attempt& attempt) {
        const auto& found = living_.at(of_.newer_number);
        NAP_TRY(attempt.newer, adopt(machine_, attempt.newer_kernel, of_.newer_number, found, limits_));
        NAP_TRY(attempt.newer_init_host_pid, agent::userland_init(attempt.newer->agent(), limits_.call));
        if (attempt.newer_init_host_pid != 0) return {};
        return fail(ErrorKind::guest, "no process of the machine is there in the newer kernel");
    }

    Result<Recovered> complete() {
        NAP_TRY(auto newer, kernels_.find(of_.newer_kernel));
        machine_.number = of_.older_number;
        Attempt attempt(machine_, newer, {}, {}, limits_);
        attempt.timeline.begin(Phase::commit);
        if (auto joined = join_newer(attempt); !joined) {
            if (!living_.contains(of_.older_number)) return std::unexpected(joined.error());
            // It has served nobody yet
            spdlog::warn("update: {}; the older generation goes on", joined.error().message);
            attempt.newer.reset();
            return roll_back();
        }
        NAP_CHECK(end_all_but(living_, of_.newer_number));
        NAP_TRY(attempt.tap, take_tap(machine_, living_.at(of_.newer_number)));
        if (attempt.tap) NAP_CHECK(attempt.tap->attach());
        NAP_TRY(const auto clock, agent::read_clock(attempt.newer->agent(), limits_.call, kReadingsInPause));
        attempt.realtime_ahead_ns = time_of_day().at(clock.host) - clock.guest_ns;
        attempt.frozen_at = std::chrono::steady_clock::now();
        NAP_TRY(attempt.journal, Journal::resume(machine_.paths.journal(), journal_));
        if (attempt.journal->step() == Step::restored) NAP_CHECK(attempt.journal->reach(Step::committed));
        take_over(attempt);
        attempt.timeline.begin(Phase::settle);
        settle(attempt);
        attempt.timeline.end();
        attempt.report.warnings.push_back(
            fmt::format("nap's supervisor ended during the update, after step {}; another one completed it",
                        to_string(journal_.back().step)));
        return recovered(attempt, "updated");
    }

    Result<Recovered> lost() {
        NAP_CHECK(end_all_but(living_, 0));
        machine_.number = of_.older_number;
        kernel::Kernel none;
        Attempt attempt(machine_, none, {}, {}, limits_);
        NAP_TRY(attempt.journal, Journal::resume(machine_.paths.journal(), journal_));
        attempt.files = made_files(attempt);
        attempt.overlay = made_overlay(attempt);
        attempt.roll_back();
        for (const int number : {of_.newer_number, of_.older_number}) {
            auto spec = machine_.spec(none, number, false);
            spec.kernel_version = number == of_.older_number ? of_.older_kernel : of_.newer_kernel;
            if (!living_.contains(number)) attempt.note(machine::end_unseen(spec));
        }
        attempt.report.error = fmt::format(
            "the older generation's QEMU ended during the update, while no supervisor was there: {} does not "
            "run any more: {}",
            machine_.config.name, machine::advice(machine_.config.name));
        return recovered(attempt, "lost");
    }

    Result<Recovered> lost_after_commit() {
        NAP_CHECK(settle_without_guest(machine_));
        spdlog::warn(
            "the newer generation's QEMU ended after the commit: what it wrote is in the disk image");
        return Recovered{};
    }

    RunningMachine& machine_;
    const kernel::MachineKernels& kernels_;
    const TimeLimits& limits_;
    Living living_;
    std::vector<Record> journal_;
    Transaction of_;
};

}  // namespace

Result<Recovered> recover(RunningMachine& machine, const kernel::MachineKernels& kernels,
                          const TimeLimits& limits) {
    return Recoverer(machine, kernels, limits).run();
}

}  // namespace nap::update
