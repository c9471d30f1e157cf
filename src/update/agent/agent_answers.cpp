// SPDX-License-Identifier: GPL-2.0-only
#include "update/agent/agent_answers.hpp"

#include <spdlog/fmt/fmt.h>

#include <limits>

namespace nap::update::agent {

namespace {

// What a clock may show: sums of a few stay within an int64_t.
constexpr std::int64_t kLatest = std::numeric_limits<std::int64_t>::max() / 4;

// More than a person reads.
constexpr std::size_t kMostWarnings = 100;
constexpr std::size_t kMostSteps = 100;

Obstacle obstacle_from(const Json& json) {
    auto text = [&json](const char* key) {
        auto* found = channel::text_in(json, key);
        return found ? channel::printable(*found) : "";
    };
    auto pid = channel::number_in(json, "pid", std::numeric_limits<std::int32_t>::max());
    const auto notice = json.find("notice");
    return {
        static_cast<std::int32_t>(pid.value_or(0)), text("name"), text("what"), text("why"), text("advice"),
        notice != json.end() && *notice == true};
}

// Of two clocks; may be negative.
Result<std::int64_t> difference(const Json& answer, const char* key, std::string_view method) {
    const auto found = answer.find(key);
    if (found != answer.end() && found->is_number_integer()) {
        // Of unsigned numbers those that are too large come out negative
        const auto ns = found->get<std::int64_t>();
        if (ns >= -kLatest && ns <= kLatest && (ns >= 0) >= found->is_number_unsigned()) return ns;
    }
    return fail(ErrorKind::protocol,
                fmt::format("the agent's answer to {} is not what it must be: {} is no difference of clocks",
                            method, key));
}

}  // namespace

Result<std::uint64_t> number(const Json& answer, const char* key, std::string_view method,
                             std::uint64_t most) {
    if (auto value = channel::number_in(answer, key, most)) return *value;
    return fail(ErrorKind::protocol,
                fmt::format("the agent's answer to {} is not what it must be: {} is no number up to {}",
                            method, key, most));
}

Result<std::int32_t> process_id(const Json& answer, const char* key, std::string_view method) {
    NAP_TRY(auto id, number(answer, key, method, std::numeric_limits<std::int32_t>::max()));
    if (id == 0)
        return fail(ErrorKind::protocol, fmt::format("the agent's answer to {} is not what it must be: {} is "
                                                     "no process",
                                                     method, key));
    return static_cast<std::int32_t>(id);
}

Result<walk::Anchors> anchors_from(const Json& answer) {
    walk::Anchors out;
    NAP_TRY(out.init_task, number(answer, "init_task", "anchors"));
    NAP_TRY(out.text, number(answer, "text", "anchors"));
    NAP_TRY(out.page_offset_base, number(answer, "page_offset_base", "anchors"));
    NAP_TRY(out.vmemmap_base, number(answer, "vmemmap_base", "anchors"));
    NAP_TRY(out.kernel_code, number(answer, "kernel_code", "anchors"));
    auto la57 = answer.find("la57");
    if (la57 == answer.end() || !la57->is_boolean())
        return fail(ErrorKind::protocol,
                    "the agent's answer to anchors is not what it must be: la57 is neither true nor false");
    out.la57 = *la57;
    auto restart = [&answer](const char* key) { return channel::number_in(answer, key, ~0ULL).value_or(0); };
    out.restarts = {restart("hrtimer_nanosleep_restart"), restart("posix_cpu_nsleep_restart"),
                    restart("alarm_timer_nsleep_restart"), restart("futex_wait_restart"),
                    restart("do_restart_poll")};
    return out;
}

Result<std::int64_t> monotonic_from(const Json& answer) {
    NAP_TRY(auto monotonic, number(answer, "monotonic", "clock", kLatest));
    return static_cast<std::int64_t>(monotonic);
}

Result<Frozen> frozen_from(const Json& answer) {
    Frozen frozen;
    NAP_TRY(frozen.realtime_ahead_ns, difference(answer, "realtime_ahead", "freeze"));
    NAP_TRY(frozen.time_offset_ns, difference(answer, "time_offset", "freeze"));
    return frozen;
}

Result<std::vector<Obstacle>> obstacles_from(const Json& answer) {
    auto found = answer.find("obstacles");
    if (found == answer.end() || !found->is_array())
        return fail(ErrorKind::protocol, "the agent's answer to check does not list obstacles");
    std::vector<Obstacle> obstacles;
    for (const Json& each : *found) obstacles.push_back(obstacle_from(each));
    return obstacles;
}

std::vector<std::string> warnings_from(const Json& answer) {
    std::vector<std::string> warnings;
    const auto found = answer.find("warnings");
    if (found == answer.end() || !found->is_array()) return warnings;
    for (const Json& each : *found)
        if (each.is_string() && warnings.size() < kMostWarnings)
            warnings.push_back(channel::printable(each.get_ref<const std::string&>()));
    return warnings;
}

std::vector<StepTime> steps_from(const Json& answer) {
    constexpr std::uint64_t kLongest = 3'600'000'000;  // us
    std::vector<StepTime> steps;
    const auto found = answer.find("steps");
    if (found == answer.end() || !found->is_array()) return steps;
    for (const Json& each : *found) {
        if (!each.is_object() || steps.size() == kMostSteps) continue;
        const auto step = each.find("step");
        const auto took = number(each, "us", "a step", kLongest);
        if (took && step != each.end() && step->is_string())
            steps.push_back(
                {channel::printable(step->get_ref<const std::string&>()), std::chrono::microseconds(*took)});
    }
    return steps;
}

}  // namespace nap::update::agent
