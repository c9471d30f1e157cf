// SPDX-License-Identifier: GPL-2.0-only
// Capture: the essential contexts leave the older kernel, its file systems freeze, its CPUs stop, and the
// page map is read from its page tables. Beside that the newer kernel receives the contexts and mounts the
// disk.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <future>

#include "machine/memory_file.hpp"
#include "update/agent/agent_calls.hpp"
#include "update/attempt.hpp"
#include "update/phases/borrowed.hpp"
#include "update/phases/contexts.hpp"
#include "update/phases/images.hpp"
#include "update/phases/user_memory_hash.hpp"
#include "walk/accounts.hpp"
#include "walk/connections.hpp"
#include "walk/walk.hpp"

namespace nap::update {

namespace {

using channel::Json;

// For the agent, to say why its dump did not come to an end in time.
constexpr std::chrono::milliseconds kReasonLimit{2'000};

// The older's file systems frozen and flushed, the newer sees them through its overlay.
Result<> hand_over_disk(Attempt& attempt) {
    auto& older = attempt.machine.generation->agent();
    {
        auto step = attempt.timeline.step("freeze file systems");
        attempt.file_systems = frozen_file_systems(attempt);
        NAP_CHECK(agent::done(
            older.call("file_systems", {{"frozen", true}}, attempt.within_pause(attempt.limits.call))));
    }
    NAP_CHECK(attempt.point("capture.file_systems"));
    NAP_CHECK(attempt.point("capture.disk"));
    auto step = attempt.timeline.step("mount in newer kernel");
    NAP_CHECK(attempt.newer->attach_disk_backing());
    NAP_CHECK(
        agent::done(attempt.newer->agent().call("mount", {{"partition", attempt.machine.config.partition}},
                                                attempt.within_pause(attempt.limits.call))));
    // Nobody waits for it
    if (!attempt.program_files.is_null()) {
        if (auto call = attempt.newer->agent().start("read_ahead", attempt.program_files))
            attempt.read_ahead_call = std::move(*call);
    }
    return {};
}

// They hold what lies in shared memory and in pipes: no more than the machine's own memory. And they leave it
// the room it may still need: on a tmpfs that is full, QEMUs end, of other machines too.
Result<std::uint64_t> most_image_bytes(const RunningMachine& machine) {
    NAP_TRY(auto room, machine::free_space(machine.paths.memory));
    return std::min(machine.layout.user_memory + machine.layout.kernel_memory,
                    room - std::min(room, memory_not_yet_used(machine)));
}

// CRIU's images go from the older agent to the newer one as they come, and into a folder of ours.
Result<> move_contexts(Attempt& attempt) {
    auto step = attempt.timeline.step("dump");
    const auto limit = attempt.within_pause(attempt.limits.dump);
    NAP_TRY(auto dump, attempt.machine.generation->agent().start("dump", {{"limit_ms", limit.count()}}));
    auto onward = [&](std::span<const std::byte> bytes) -> Result<> {
        if (!attempt.restore_call) {
            const auto ahead =
                attempt.userland_clock->at(attempt.newer_clock->host) - attempt.newer_clock->guest_ns;
            NAP_TRY(attempt.restore_call,
                    attempt.newer->agent().start("restore", {{"monotonic_ahead", ahead},
                                                             {"realtime_ahead", attempt.realtime_ahead_ns}}));
        }
        if (!attempt.tamper) return attempt.restore_call->send(bytes, 0);
        std::vector<std::byte> changed(bytes.begin(), bytes.end());
        attempt.tamper(changed);
        return attempt.restore_call->send(changed, 0);
    };
    NAP_TRY(const auto most, most_image_bytes(attempt.machine));
    NAP_TRY(const Taken taken,
            take_contexts(*dump, attempt.machine.paths.images(), most, limit + kReasonLimit, onward));
    attempt.report.image_bytes = taken.bytes;
    for (const auto& part : taken.steps) attempt.timeline.told("older: " + part.step, part.took);
    if (!attempt.restore_call)
        return fail(ErrorKind::protocol, "the older kernel's agent sent no images of the essential contexts");
    return {};
}

Result<> read_page_map(Attempt& attempt) {
    auto step = attempt.timeline.step("page map");
    RunningMachine& machine = attempt.machine;
    // A page under migration at the moment of the stop has no frame: let the kernel finish, look again.
    for (int tries = 1;; ++tries) {
        NAP_TRY(attempt.page_map,
                walk::walk(attempt.older_memory->bytes(), machine.kernel.layout, attempt.older_anchors,
                           machine.init_host_pid, machine.layout.user_frames()));
        if (attempt.page_map.swapped > 0)
            return fail(ErrorKind::unsupported,
                        fmt::format("{} pages of the userland are swapped out", attempt.page_map.swapped));
        if (attempt.page_map.unsettled == 0) break;
        if (tries == 20)
            return fail(ErrorKind::timeout, fmt::format("{} page table entries of the userland do not settle",
                                                        attempt.page_map.unsettled));
        NAP_CHECK(machine.generation->continue_cpus());
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        NAP_CHECK(machine.generation->stop_cpus());
    }
    NAP_TRY(attempt.carried, read_carried_pages(machine.paths.images()));
    NAP_TRY(attempt.areas, read_areas(machine.paths.images()));
    NAP_CHECK(context::leave_out_vdso(attempt.page_map, attempt.areas));
    NAP_TRY(attempt.plan, context::make_plan(attempt.page_map, attempt.carried, machine.layout.user_frames(),
                                             machine.layout.kernel_frames()));
    return {};
}

// What the older kernel still owes, or has for, clients with whom no process is connected.
Result<> read_connections(Attempt& attempt) {
    auto step = attempt.timeline.step("connections");
    RunningMachine& machine = attempt.machine;
    const auto now = attempt.userland_clock->at(std::chrono::steady_clock::now()) - attempt.time_offset_ns;
    NAP_TRY(const auto user_memory, MappedFile::open(machine.paths.user_memory()));
    NAP_TRY(attempt.connections,
            walk::find_connections({.memory = attempt.older_memory->bytes(),
                                    .layout = machine.kernel.layout,
                                    .sockets = machine.kernel.socket_layout,
                                    .anchors = attempt.older_anchors,
                                    .init_host_pid = machine.init_host_pid,
                                    .monotonic_ms = static_cast<std::uint64_t>(now / 1'000'000),
                                    .user_memory = user_memory.bytes(),
                                    .user = machine.layout.user_frames()}));
    return {};
}

// Before the dump, which would count as the tasks' own. The kernel runs, and its list of tasks may change
// under the reader; those of the userland stand still.
Result<> read_accounts(Attempt& attempt) {
    auto step = attempt.timeline.step("accounts");
    const RunningMachine& machine = attempt.machine;
    for (int tries = 1;; ++tries) {
        auto read = walk::read_accounts(attempt.older_memory->bytes(), machine.kernel.layout,
                                        attempt.older_anchors, machine.init_host_pid);
        if (!read && tries == 20) return std::unexpected(read.error());
        if (read) {
            attempt.accounts = std::move(*read);
            return {};
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

Result<> stop_cpus(Attempt& attempt) {
    auto step = attempt.timeline.step("stop");
    attempt.cpus = stopped_cpus(attempt);
    NAP_CHECK(attempt.machine.generation->stop_cpus());
    if (!attempt.testing.hash_user_memory) return {};
    NAP_TRY(attempt.user_memory_hash, hash_user_memory(attempt.machine.paths.user_memory()));
    return {};
}

}  // namespace

Result<> capture(Attempt& attempt) {
    attempt.tell(Phase::capture, 0.75, "capturing the essential contexts");
    NAP_CHECK(read_accounts(attempt));
    auto disk = std::async(std::launch::async, [&attempt] { return hand_over_disk(attempt); });
    Result<> contexts = move_contexts(attempt);
    Result<> handed = disk.get();
    NAP_CHECK(contexts);
    NAP_CHECK(handed);
    // Contexts and disk are there: the newer kernel begins while the older one is being stopped and read.
    NAP_CHECK(attempt.restore_call->send_end(0));
    NAP_CHECK(stop_cpus(attempt));
    NAP_CHECK(read_page_map(attempt));
    NAP_CHECK(read_connections(attempt));
    // Nobody has thawed the userland meanwhile (TimeLimits::thaw_grace)
    if (attempt.pause_is_over()) return fail(ErrorKind::timeout, "the older kernel was stopped too late");
    return attempt.point("capture");
}

}  // namespace nap::update
