// SPDX-License-Identifier: GPL-2.0-only
// Settle: while the machine serves again, what the update held is let go: extra references, withheld pages,
// the overlay, the older generation's files.
#include "context/leftover.hpp"
#include "machine/memory_file.hpp"
#include "update/agent/agent_calls.hpp"
#include "update/attempt.hpp"
#include "update/phases/borrowed.hpp"

namespace nap::update {

namespace {

using channel::Json;
constexpr std::uint64_t kCopyMeasured = 16 * kMiB;

// Shorter ones are not worth the host's time.
constexpr std::uint64_t kLeastGivenBack = 16;  // page frames

// The newer kernel may need it at once.
Result<> remove_older_memory(Attempt& attempt) {
    auto step = attempt.timeline.step("remove older memory");
    attempt.older_memory.reset();
    return discard(attempt.machine.paths.kernel_memory(attempt.number - 1));
}

// Until they are released to the newer kernel's allocator, nobody uses the frames that were not adopted.
Result<> give_back_memory(Attempt& attempt) {
    auto step = attempt.timeline.step("give back memory");
    const RunningMachine& machine = attempt.machine;
    const auto user = machine.layout.user_frames();
    return machine::give_back(machine.paths.user_memory(), user,
                              context::leftover(attempt.plan, user, kLeastGivenBack));
}

Result<> settle_memory(Attempt& attempt) {
    auto step = attempt.timeline.step("settle memory");
    NAP_TRY(Json settled,
            attempt.machine.generation->agent().call("settle", Json::object(), attempt.limits.call));
    NAP_TRY(attempt.report.pages_released, agent::number(settled, "pages_released", "settle"));
    NAP_TRY(attempt.report.spilled_returned, agent::number(settled, "spilled_returned", "settle"));
    for (auto& warning : agent::warnings_from(settled)) attempt.report.warnings.push_back(std::move(warning));
    return {};
}

// What adopting saved: the same pages, copied in the same guest.
Result<> measure_copy(Attempt& attempt) {
    auto step = attempt.timeline.step("measure copying");
    NAP_TRY(Json measured, attempt.machine.generation->agent().call(
                               "measure_copy", {{"bytes", kCopyMeasured}}, attempt.limits.call));
    NAP_TRY(auto pages, agent::number(measured, "pages", "measure_copy"));
    NAP_TRY(auto ns, agent::number(measured, "ns", "measure_copy"));
    if (pages > 0) attempt.report.copy_ns_per_page = static_cast<double>(ns) / static_cast<double>(pages);
    return {};
}

Result<> merge_overlay(Attempt& attempt) {
    auto step = attempt.timeline.step("merge overlay");
    NAP_CHECK(attempt.point("settle.merge"));
    NAP_CHECK(attempt.machine.generation->merge_overlay(attempt.limits.merge));
    NAP_TRY(bool stood_still, attempt.machine.generation->retry_failed_writes());
    if (stood_still)
        attempt.report.warnings.push_back(attempt.machine.paths.state.string() +
                                          " had no room for what the machine wrote: it stood still until the "
                                          "overlay was merged");
    return {};
}

Result<> remove_files(Attempt& attempt) {
    const auto& paths = attempt.machine.paths;
    NAP_CHECK(discard(paths.generation(attempt.number - 1)));
    return discard(paths.images());
}

}  // namespace

void settle(Attempt& attempt) {
    attempt.tell(Phase::settle, 0.95, "settling");
    attempt.warn(machine::save_config(attempt.machine.paths.config(), attempt.machine.config),
                 "saving the machine's configuration");
    attempt.warn(attempt.point("settle"), "settling");
    attempt.warn(remove_older_memory(attempt), "removing the older kernel's memory");
    // A successor that completes an update knows no plan
    if (attempt.plan.total > 0) attempt.warn(give_back_memory(attempt), "giving back memory to the host");
    Result<> memory = settle_memory(attempt);
    attempt.warn(attempt.point("settle.memory"), "settling");
    Result<> merged = merge_overlay(attempt);
    attempt.warn(merged, "merging the disk overlay");
    // What a kernel that stood still did not hear before
    attempt.warn(resume_userland(attempt), "resuming the userland");
    if (!memory) memory = settle_memory(attempt);
    attempt.warn(memory, "settling the memory");
    attempt.warn(attempt.point("settle.merged"), "settling");
    if (attempt.testing.measure_copying)
        attempt.warn(measure_copy(attempt), "measuring what copying would cost");
    if (attempt.memory_watch) {
        attempt.memory_watch->stop();
        attempt.report.extra_memory_peak_bytes = attempt.memory_watch->peak_bytes();
    }
    attempt.warn(remove_files(attempt), "removing the older kernel's files");
    attempt.warn(attempt.point("settle.removed"), "settling");
    std::uint64_t now = memory_of_generation(attempt.machine);
    attempt.report.extra_memory_after_bytes = now > attempt.memory_before ? now - attempt.memory_before : 0;
    // Until it is merged the overlay is part of the disk: the next update, or a successor, tries again. As a
    // successor does with a userland that could not be resumed.
    if (merged && attempt.resumed) attempt.warn(attempt.journal->reach(Step::settled), "writing the journal");
}

}  // namespace nap::update
