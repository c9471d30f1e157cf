// SPDX-License-Identifier: GPL-2.0-only
#include "update/phases/first_touches.hpp"

#include <spdlog/spdlog.h>

#include <span>
#include <vector>

#include "context/mapped_frames.hpp"
#include "machine/huge_pages.hpp"
#include "update/agent/agent_calls.hpp"

namespace nap::update {

namespace {

using channel::Json;

// A GiB takes about half a second; who has much more has most of it gathered by updates before.
constexpr std::chrono::milliseconds kGatherLimit{3'000};

void gather(Attempt& attempt, std::span<const FrameRange> frames) {
    auto step = attempt.timeline.step("gather user memory");
    const RunningMachine& machine = attempt.machine;
    const auto huge = machine::gather_on_huge_pages(machine.paths.user_memory(), machine.layout.user_frames(),
                                                    context::dense_blocks(frames), kGatherLimit);
    if (!huge)
        spdlog::info("update: {}", huge.error().message);
    else
        spdlog::info("update: {} MiB of user memory lie on 2 MiB pages of the host", *huge / kMiB);
}

// The ranges go as they are: two u64 each.
static_assert(sizeof(FrameRange) == 2 * sizeof(std::uint64_t));

Result<std::uint64_t> touch(Attempt& attempt, std::span<const FrameRange> frames) {
    auto step = attempt.timeline.step("touch user memory");
    NAP_TRY(const auto call, attempt.newer->agent().start("touch"));
    NAP_CHECK(call->send(std::as_bytes(frames)));
    NAP_CHECK(call->send_end());
    NAP_TRY(const auto reply, call->finish(attempt.limits.boot));
    return agent::number(reply, "pages", "touch");
}

// A page of a program that is not in the newer kernel's page cache is a first touch, too.
void note_program_files(Attempt& attempt) {
    auto step = attempt.timeline.step("note program files");
    auto files =
        attempt.machine.generation->agent().call("program_files", Json::object(), attempt.limits.call);
    if (files)
        attempt.program_files = std::move(*files);
    else
        spdlog::info("update: {}", files.error().message);
}

}  // namespace

void spare_first_touches(Attempt& attempt, const context::PageMap& rehearsed) {
    note_program_files(attempt);
    const auto frames = context::mapped_frames(rehearsed, attempt.machine.layout.user_frames());
    if (frames.empty()) return;
    gather(attempt, frames);
    // An emulator has no tables of the host's to be filled
    if (attempt.machine.accelerator.accelerator != machine::Accelerator::kvm) return;
    const auto touched = touch(attempt, frames);
    if (touched)
        spdlog::info("update: the newer kernel has read {} pages of the processes", *touched);
    else
        spdlog::info("update: {}", touched.error().message);
}

}  // namespace nap::update
