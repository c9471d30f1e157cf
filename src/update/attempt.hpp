// SPDX-License-Identifier: GPL-2.0-only
// Attempt: one update under way, from its begin to its commit. It owns everything the update borrows or
// makes; destroyed before commit, it is the rollback.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "base/mapped_file.hpp"
#include "channel/link.hpp"
#include "context/areas.hpp"
#include "context/connection.hpp"
#include "context/interrupted_call.hpp"
#include "context/plan.hpp"
#include "update/agent/clock_reading.hpp"
#include "update/guard.hpp"
#include "update/phases/memory_watch.hpp"
#include "update/recovery/journal.hpp"
#include "update/timeline.hpp"
#include "update/update.hpp"
#include "walk/layout.hpp"

namespace nap::update {

struct Attempt {
    Attempt(RunningMachine& of, const kernel::Kernel& to, const Testing& with, const ProgressSink& sink,
            const TimeLimits& within)
        : machine(of),
          newer_kernel(to),
          testing(with),
          progress(sink),
          limits(within),
          number(of.number + 1) {}

    RunningMachine& machine;
    const kernel::Kernel& newer_kernel;
    const Testing& testing;
    const ProgressSink& progress;
    const TimeLimits& limits;
    const int number;  // of the newer generation

    Report report;
    Timeline timeline;
    std::optional<Journal> journal;
    std::optional<MemoryWatch> memory_watch;
    std::uint64_t memory_before = 0;  // bytes of host memory of the older generation, U apart

    // Prepared.
    walk::Anchors older_anchors, newer_anchors;
    std::optional<MappedFile> older_memory, newer_memory;  // K of each
    nlohmann::json program_files;                          // as the older agent names them, for the newer one
    // Frozen: calls to go on with; what time is left of each as of `calls_at`.
    std::vector<context::InterruptedCall> interrupted_calls;
    std::chrono::steady_clock::time_point calls_at;
    // Captured.
    context::Carried carried;
    context::Areas areas;
    context::PageMap page_map;
    context::Plan plan;
    std::vector<context::Connection> connections;  // that no process has
    std::vector<std::uint64_t> accounts;           // of the tasks, as walk::read_accounts gives them
    std::unique_ptr<channel::Call> restore_call, read_ahead_call;
    std::int32_t newer_init_host_pid = 0;
    // The userland's clock, and the newer kernel's own, both as the host reads them in prepare.
    std::optional<agent::ClockReading> userland_clock, newer_clock;
    // CLOCK_REALTIME, known when the userland is frozen; and what it is ahead of the userland's clock, ns.
    std::optional<agent::ClockReading> time_of_day;
    std::int64_t realtime_ahead_ns = 0;
    std::int64_t time_offset_ns = 0;  // what the userland's clock is ahead of the older kernel's own
    std::optional<std::chrono::steady_clock::time_point> frozen_at;
    std::string user_memory_hash;
    bool resumed = false;  // the userland runs in the newer kernel

    // A test's: what it does to the contexts' bytes on their way to the newer kernel, and how it ends.
    std::function<void(std::vector<std::byte>&)> tamper;
    Guard injected;

    // What is given back, last first: the newer generation is gone before the older kernel goes on, and so
    // is what it took of a tmpfs that may be full.
    Guard quiet, network, tasks, file_systems, cpus, files, overlay;
    std::optional<machine::TapQueue> tap;
    std::unique_ptr<machine::Generation> newer;

    // What the destructor does, in the same order, with time to report problems.
    void roll_back();
    void tell(Phase phase, double fraction, std::string text) const;
    // Where a test may have asked for a fault: an error, or something that happens there.
    [[nodiscard]] Result<> point(std::string_view name);
    // For guards: what could not be given back is reported, not thrown.
    [[nodiscard]] Guard::Problem problem(std::string what);
    // From the freeze to the commit record nobody waits longer than the userland may stand frozen.
    [[nodiscard]] std::chrono::milliseconds within_pause(std::chrono::milliseconds limit) const;
    [[nodiscard]] bool pause_is_over() const;
    // After commit: a failure is a warning in the report.
    void warn(const Result<>& done, std::string_view what);
    // A generation that ended by itself: in the report, and in the log.
    void note(const machine::End& end);
    // The report's last words: "updated", "rolled back" or "lost", from which kernel to which, and when what
    // happened.
    void conclude(std::string outcome, std::string older, std::string newer_version);
};

// Memory may run out: an update that is left in the middle would be neither rolled back nor reported.
template <class Part>
Result<> without_exceptions(const Part& part) {
    try {
        return part();
    } catch (const std::exception& exception) {
        return fail(ErrorKind::internal, exception.what());
    }
}

// Bytes of host memory the machine's generation takes, U apart.
std::uint64_t memory_of_generation(RunningMachine& machine);

// Bytes that the machine's memory files do not take yet, but may come to take: U, K, and the newer
// generation's K.
std::uint64_t memory_not_yet_used(const RunningMachine& machine);

// The phases, in order. Each returns with its work done or with an error; the caller rolls back.
Result<> check(Attempt& attempt);
Result<> prepare(Attempt& attempt);
Result<> freeze(Attempt& attempt);
Result<> capture(Attempt& attempt);
Result<> restore(Attempt& attempt);
Result<> commit(Attempt& attempt);           // an error means: not committed
Result<> resume_userland(Attempt& attempt);  // of the newer kernel, which serves; unless it runs already
void take_over(Attempt& attempt);  // after the record: the older generation ends, the newer one serves
void settle(Attempt& attempt);     // after commit: failures become warnings

}  // namespace nap::update
