// SPDX-License-Identifier: GPL-2.0-only
#include "update/recover.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <filesystem>

#include "machine/found_generations.hpp"
#include "update/agent_calls.hpp"
#include "update/attempt.hpp"
#include "update/borrowed.hpp"
#include "update/recovery.hpp"

namespace nap::update {

namespace {

using Json = nlohmann::json;
using machine::FoundGeneration;
using Living = std::map<int, FoundGeneration>;

// What the journal says of the update.
struct Transaction {
    int older_number = 0, newer_number = 0;
    std::string older_kernel, newer_kernel;
    std::int64_t realtime_ns = 0, host_monotonic_ns = 0;  // the machine's clock, once frozen
};

Result<Transaction> transaction_of(const std::vector<Record>& journal) {
    Transaction of;
    try {
        const Json& begun = journal.front().facts;
        of.older_number = begun.at("older_number").get<int>();
        of.newer_number = begun.at("newer_number").get<int>();
        of.older_kernel = begun.at("older_kernel").get<std::string>();
        of.newer_kernel = begun.at("newer_kernel").get<std::string>();
        for (const auto& record : journal)
            if (record.facts.contains("machine_time")) {
                const Json& time = record.facts.at("machine_time");
                of.realtime_ns = time.at("realtime_ns").get<std::int64_t>();
                of.host_monotonic_ns = time.at("host_monotonic_ns").get<std::int64_t>();
            }
    } catch (const Json::exception& exception) {
        return fail(ErrorKind::protocol, std::string("the update's journal is damaged: ") + exception.what());
    }
    if (of.newer_number != of.older_number + 1)
        return fail(ErrorKind::protocol,
                    "the update's journal is damaged: its generations do not follow each other");
    return of;
}

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

std::int64_t host_monotonic_ns() {
    return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

class Recoverer {
  public:
    Recoverer(RunningMachine& machine, const kernel::Store& kernels, const TimeLimits& limits)
        : machine_(machine), kernels_(kernels), limits_(limits) {}

    Result<Recovered> run() {
        NAP_TRY(living_, machine::find_generations(machine_.config.name, machine_.paths));
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

  private:
    // A machine that was half-way up, or half-way down, has no userland: it is ended.
    Result<Recovered> serve_on(const std::string& version, int number) {
        NAP_CHECK(end_all_but(living_, number));
        if (!living_.contains(number)) return Recovered{};
        NAP_TRY(auto kernel, kernels_.find(version));
        NAP_CHECK(install(machine_, kernel, number, living_.at(number), limits_));
        NAP_TRY(machine_.init_host_pid, agent::userland_init(machine_.generation->agent(), limits_.call));
        if (machine_.init_host_pid == 0) {
            machine_.generation.reset();
            machine_.tap.reset();
            return Recovered{};
        }
        if (machine_.tap) NAP_CHECK(machine_.tap->attach());
        spdlog::info("serving generation {} on, kernel {}", number, version);
        return Recovered{.runs = true, .report = {}};
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
        attempt.files = made_files(attempt);
        attempt.quiet = quieted(attempt);
        attempt.network = handed_network(attempt);
        attempt.tasks = frozen_tasks(attempt);
        attempt.file_systems = frozen_file_systems(attempt);
        attempt.cpus = stopped_cpus(attempt);
        attempt.roll_back();
        attempt.report.error = fmt::format("nap's supervisor ended during the update, after step {}",
                                           to_string(journal_.back().step));
        NAP_TRY(machine_.init_host_pid, agent::userland_init(machine_.generation->agent(), limits_.call));
        spdlog::warn("update: rolled back, {} still runs on kernel {}", machine_.config.name,
                     of_.older_kernel);
        return recovered(attempt, "rolled back");
    }

    Result<Recovered> complete() {
        NAP_CHECK(end_all_but(living_, of_.newer_number));
        NAP_TRY(auto newer, kernels_.find(of_.newer_kernel));
        machine_.number = of_.older_number;
        Attempt attempt(machine_, newer, {}, {}, limits_);
        attempt.timeline.begin(Phase::commit);
        const auto& found = living_.at(of_.newer_number);
        NAP_TRY(attempt.tap, take_tap(machine_, found));
        if (attempt.tap) NAP_CHECK(attempt.tap->attach());
        NAP_TRY(attempt.newer, adopt(machine_, newer, of_.newer_number, found, limits_));
        NAP_TRY(attempt.newer_init_host_pid, agent::userland_init(attempt.newer->agent(), limits_.call));
        // From here to the machine's clock as it is now: the host's has not stopped.
        attempt.machine_time_ns = of_.realtime_ns + host_monotonic_ns() - of_.host_monotonic_ns;
        attempt.machine_time_at = attempt.frozen_at = std::chrono::steady_clock::now();
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
        attempt.roll_back();
        attempt.report.error =
            "the older generation's QEMU ended during the update: the machine does not run";
        return recovered(attempt, "lost");
    }

    Result<Recovered> lost_after_commit() {
        auto overlay = machine_.paths.overlay(of_.newer_number);
        if (std::filesystem::exists(overlay))
            NAP_CHECK(machine::merge_without_guest(overlay, machine_.config.disk, machine_.disk));
        machine_.config.kernel = of_.newer_kernel;
        NAP_CHECK(machine::save_config(machine_.paths.config(), machine_.config));
        NAP_TRY(auto journal, Journal::resume(machine_.paths.journal(), journal_));
        NAP_CHECK(journal.reach(Step::settled));
        spdlog::warn(
            "the newer generation's QEMU ended after the commit: what it wrote is in the disk image");
        return Recovered{};
    }

    RunningMachine& machine_;
    const kernel::Store& kernels_;
    const TimeLimits& limits_;
    Living living_;
    std::vector<Record> journal_;
    Transaction of_;
};

}  // namespace

Result<Recovered> recover(RunningMachine& machine, const kernel::Store& kernels, const TimeLimits& limits) {
    return Recoverer(machine, kernels, limits).run();
}

}  // namespace nap::update
