// SPDX-License-Identifier: GPL-2.0-only
// Check: would this update work? Nothing is disturbed.
#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "machine/memory_file.hpp"
#include "update/attempt.hpp"
#include "update/phases/modules.hpp"

namespace nap::update {

namespace {

// What the machine writes to its disk between commit and merge; a moment's worth.
constexpr std::uint64_t kOverlayRoom = 64 * kMiB;

// The newer kernel's memory, and what of the running machine's has not been used yet: a tmpfs that is full
// ends QEMU. And the overlay's: a QEMU whose disk is full stops.
Result<> check_room(RunningMachine& machine) {
    NAP_CHECK(machine::check_room(machine.paths.memory, memory_not_yet_used(machine)));
    return machine::check_space(machine.paths.state, kOverlayRoom);
}

}  // namespace

Result<std::vector<Obstacle>> find_obstacles(RunningMachine& machine, const kernel::Kernel* newer,
                                             const agent::Looked& looked, const TimeLimits& limits) {
    std::vector<Obstacle> obstacles;
    if (newer != nullptr && newer->version == machine.kernel.version)
        obstacles.push_back(
            {0, "", "kernel " + newer->version + " runs already", "", "choose another kernel"});
    NAP_TRY(auto found, agent::check(machine.generation->agent(), limits.call, looked));
    obstacles.insert(obstacles.end(), found.begin(), found.end());
    if (newer != nullptr) {
        NAP_TRY(const auto modules, find_module_obstacles(machine, *newer, limits));
        obstacles.insert(obstacles.end(), modules.begin(), modules.end());
    }
    return obstacles;
}

Result<> check(Attempt& attempt) {
    auto step = attempt.timeline.step("check");
    if (attempt.newer_kernel.version == attempt.machine.kernel.version)
        return fail(ErrorKind::refused, fmt::format("kernel {} runs already", attempt.newer_kernel.version));
    if (auto room = check_room(attempt.machine); !room)
        return std::unexpected(room.error().within(fmt::format(
            "{} cannot be updated to {} now", attempt.machine.config.name, attempt.newer_kernel.version)));
    auto tell = [&attempt](std::uint64_t checked, std::uint64_t of) {
        attempt.tell(
            Phase::check,
            0.05 * static_cast<double>(checked) / static_cast<double>(std::max<std::uint64_t>(of, 1)),
            fmt::format("checking what runs: {} of {} processes", checked, of));
    };
    NAP_TRY(auto found, find_obstacles(attempt.machine, &attempt.newer_kernel, tell, attempt.limits));
    const auto obstacles =
        std::ranges::partition(found, [](const Obstacle& obstacle) { return obstacle.notice; });
    for (const auto& notice : std::ranges::subrange(found.begin(), obstacles.begin()))
        attempt.report.warnings.push_back(sentence(notice));
    if (obstacles.empty()) return {};
    std::string text = fmt::format(
        "{} still runs on kernel {} and cannot be updated to {} now:", attempt.machine.config.name,
        attempt.machine.kernel.version, attempt.newer_kernel.version);
    for (const auto& obstacle : obstacles) text += "\n  " + sentence(obstacle);
    return fail(ErrorKind::refused, text);
}

}  // namespace nap::update
