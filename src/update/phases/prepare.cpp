// SPDX-License-Identifier: GPL-2.0-only
// Prepare: the newer kernel boots in the background, withholds U's pages and waits. The older kernel serves.
#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include "machine/memory_file.hpp"
#include "machine/qemu/processor.hpp"
#include "update/agent/agent_calls.hpp"
#include "update/attempt.hpp"
#include "update/phases/borrowed.hpp"
#include "update/phases/first_touches.hpp"
#include "update/phases/modules.hpp"
#include "walk/walk.hpp"

namespace nap::update {

namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

Result<> make_files(Attempt& attempt) {
    const auto& paths = attempt.machine.paths;
    auto sockets = paths.generation(attempt.number);
    attempt.files = made_files(attempt);
    attempt.overlay = made_overlay(attempt);
    std::error_code failure;
    fs::remove_all(paths.images(), failure);
    fs::create_directories(paths.images(), failure);
    if (!failure) fs::create_directories(sockets, failure);
    if (failure) return fail(ErrorKind::io, "cannot make the update's folders: " + failure.message());
    NAP_CHECK(machine::create_memory_file(paths.kernel_memory(attempt.number),
                                          attempt.machine.layout.kernel_memory,
                                          attempt.machine.credentials.user));
    return machine::create_overlay(paths.overlay(attempt.number), attempt.machine.disk.size);
}

// What the machine has set in its kernel, all that is set before the freeze.
Result<> hand_over_settings(Attempt& attempt) {
    auto step = attempt.timeline.step("hand over settings");
    NAP_TRY(const Json set,
            attempt.machine.generation->agent().call("settings", Json::object(), attempt.limits.call));
    return agent::done(attempt.newer->agent().call("put_settings", set, attempt.limits.boot));
}

// K is mapped now, and walked once: what the kernel's memory does not say will not be found out within the
// pause, and the walk within it need not fault the mapping in.
Result<context::PageMap> rehearse_walk(Attempt& attempt) {
    auto step = attempt.timeline.step("rehearse page map");
    RunningMachine& machine = attempt.machine;
    NAP_TRY(attempt.older_memory, MappedFile::open(machine.paths.kernel_memory(machine.number)));
    NAP_TRY(attempt.newer_memory, MappedFile::open(machine.paths.kernel_memory(attempt.number)));
    // The processes run: what it finds may be half-changed, and is good for guesses only.
    auto walked = walk::walk(attempt.older_memory->bytes(), machine.kernel.layout, attempt.older_anchors,
                             machine.init_host_pid, machine.layout.user_frames());
    if (walked) return walked;
    spdlog::info("update: rehearsing the page map: {}", walked.error().message);
    return context::PageMap{};
}

// Both kernels' clocks by the host's: from here on nobody has to ask what time it is.
Result<> read_clocks(Attempt& attempt) {
    auto step = attempt.timeline.step("read clocks");
    NAP_TRY(attempt.newer_clock, agent::read_clock(attempt.newer->agent(), attempt.limits.boot));
    NAP_TRY(attempt.userland_clock,
            agent::read_clock(attempt.machine.generation->agent(), attempt.limits.call));
    spdlog::info("update: the kernels' clocks are known within {} and {} us",
                 attempt.userland_clock->within.count() / 2000, attempt.newer_clock->within.count() / 2000);
    return {};
}

// Programs have found out, once for all, what their processor can do. It is another one where QEMU was
// replaced on the host since the machine was started.
Result<> compare_processors(Attempt& attempt) {
    NAP_TRY(const auto older, machine::features_of(attempt.machine.generation->qmp()));
    NAP_TRY(const auto newer, machine::features_of(attempt.newer->qmp()));
    const auto difference = machine::difference(older, newer);
    if (!difference) return {};
    return fail(
        ErrorKind::refused,
        fmt::format("the newer generation's processor would not be the one that programs know ({}): was "
                    "QEMU replaced on this host, or the host's kernel? `nap stop {}` and `nap start {}` "
                    "begin anew on it",
                    *difference, attempt.machine.config.name, attempt.machine.config.name));
}

}  // namespace

Result<> prepare(Attempt& attempt) {
    RunningMachine& machine = attempt.machine;
    NAP_CHECK(make_files(attempt));
    if (machine.config.network) {
        NAP_TRY(machine::TapQueue tap,
                machine::TapQueue::open(machine.config.network->tap, machine.config.network->netns, false));
        attempt.tap = std::move(tap);
    }
    attempt.tell(Phase::prepare, 0.05, "booting kernel " + attempt.newer_kernel.version);
    {
        auto step = attempt.timeline.step("boot newer kernel");
        auto spec = machine.spec(attempt.newer_kernel, attempt.number, true);
        NAP_TRY(attempt.newer, machine::Generation::start(
                                   spec, attempt.tap ? &*attempt.tap : nullptr, {}, attempt.limits.boot,
                                   [&attempt](const machine::End& end) { attempt.note(end); }));
    }
    attempt.memory_watch.emplace(attempt.newer->process().pid(),
                                 std::vector{machine.paths.kernel_memory(attempt.number),
                                             machine.paths.overlay(attempt.number), machine.paths.images()});
    NAP_CHECK(compare_processors(attempt));
    NAP_CHECK(attempt.point("prepare.booted"));

    attempt.tell(Phase::prepare, 0.5, "withholding user memory");
    auto& newer = attempt.newer->agent();
    auto& older = machine.generation->agent();
    // The newer kernel boots in the background: on a busy host it has little time, and nobody waits for it.
    NAP_CHECK(agent::network(newer, machine.config, attempt.limits.boot));
    NAP_CHECK(bring_modules(attempt));
    {
        auto step = attempt.timeline.step("withhold user memory");
        auto frames = machine.layout.user_frames();
        NAP_TRY(Json prepared,
                newer.call("prepare", {{"first_frame", frames.first.value}, {"frames", frames.pages}},
                           attempt.limits.boot));
        NAP_TRY(auto withheld, agent::number(prepared, "withheld", "prepare"));
        if (withheld != frames.pages)
            return fail(ErrorKind::guest,
                        fmt::format("the newer kernel withheld {} of the {} pages of user memory", withheld,
                                    frames.pages));
    }
    NAP_TRY(attempt.newer_anchors, agent::anchors(newer, attempt.limits.boot));
    NAP_TRY(attempt.older_anchors, agent::anchors(older, attempt.limits.call));
    NAP_CHECK(hand_over_settings(attempt));
    attempt.tell(Phase::prepare, 0.7, "quieting the older kernel");
    {
        auto step = attempt.timeline.step("quiet and sync older kernel");
        attempt.quiet = quieted(attempt);
        NAP_CHECK(agent::done(older.call("quiet", {{"on", true}}, attempt.limits.call)));
    }
    NAP_TRY(const auto rehearsed, rehearse_walk(attempt));
    spare_first_touches(attempt, rehearsed);
    attempt.newer->set_background(false);
    NAP_CHECK(read_clocks(attempt));
    return attempt.point("prepare");
}

}  // namespace nap::update
