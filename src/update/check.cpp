// SPDX-License-Identifier: GPL-2.0-only
// Check: would this update work? Nothing is disturbed.
#include <spdlog/fmt/fmt.h>

#include "update/attempt.hpp"

namespace nap::update {

namespace {

using Json = nlohmann::json;

Obstacle obstacle_from(const Json& json) {
    Obstacle out;
    out.pid = json.value("pid", 0);
    out.name = json.value("name", "");
    out.what = json.value("what", "");
    out.why = json.value("why", "");
    out.advice = json.value("advice", "");
    return out;
}

std::string sentence(const Obstacle& obstacle) {
    std::string who = obstacle.pid != 0 ? fmt::format("{} (PID {}): ", obstacle.name, obstacle.pid) : "";
    std::string text = who + obstacle.what;
    if (!obstacle.why.empty()) text += ": " + obstacle.why;
    if (!obstacle.advice.empty()) text += "; " + obstacle.advice;
    return text;
}

}  // namespace

Result<std::vector<Obstacle>> find_obstacles(RunningMachine& machine, const kernel::Kernel* newer,
                                             const TimeLimits& limits) {
    std::vector<Obstacle> obstacles;
    if (newer != nullptr && newer->version == machine.kernel.version)
        obstacles.push_back(
            {0, "", "kernel " + newer->version + " runs already", "", "choose another kernel"});
    NAP_TRY(Json reply, machine.generation->agent().call("check", Json::object(), limits.call));
    try {
        for (const Json& each : reply.at("obstacles")) obstacles.push_back(obstacle_from(each));
    } catch (const Json::exception& exception) {
        return fail(ErrorKind::protocol,
                    std::string("the agent's answer to check is not what it must be: ") + exception.what());
    }
    return obstacles;
}

Result<> check(Attempt& attempt) {
    auto step = attempt.timeline.step("check");
    if (attempt.newer_kernel.version == attempt.machine.kernel.version)
        return fail(ErrorKind::refused,
                    fmt::format("{} already runs kernel {}; nothing was changed", attempt.machine.config.name,
                                attempt.newer_kernel.version));
    NAP_TRY(auto obstacles, find_obstacles(attempt.machine, &attempt.newer_kernel, attempt.limits));
    if (obstacles.empty()) return {};
    std::string text = fmt::format("{} cannot be updated to {} now:", attempt.machine.config.name,
                                   attempt.newer_kernel.version);
    for (const auto& obstacle : obstacles) text += "\n  " + sentence(obstacle);
    return fail(ErrorKind::refused, text);
}

}  // namespace nap::update
