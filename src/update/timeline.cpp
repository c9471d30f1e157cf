// SPDX-License-Identifier: GPL-2.0-only
#include "update/timeline.hpp"

#include <nlohmann/json.hpp>

namespace nap::update {

namespace {
double milliseconds(Timeline::Clock::duration duration) {
    auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
    return static_cast<double>(microseconds / 100) / 10;
}
}  // namespace

void Timeline::begin(Phase phase) {
    end();
    std::lock_guard lock(mutex_);
    phases_.push_back({std::string(to_string(phase)), Clock::now(), {}});
    open_ = true;
}

void Timeline::end() {
    std::lock_guard lock(mutex_);
    if (open_) phases_.back().to = Clock::now();
    open_ = false;
}

void Timeline::add(const std::string& name, Clock::time_point from, Clock::time_point to) {
    std::lock_guard lock(mutex_);
    steps_.push_back({name, from, to});
}

void Timeline::told(const std::string& name, std::chrono::microseconds took) {
    std::lock_guard lock(mutex_);
    told_.emplace_back(name, took);
}

nlohmann::json Timeline::phases_ms() const {
    std::lock_guard lock(mutex_);
    nlohmann::json out = nlohmann::json::object();
    for (const auto& phase : phases_)
        out[phase.name] =
            milliseconds((phase.to == Clock::time_point{} ? Clock::now() : phase.to) - phase.from);
    return out;
}

nlohmann::json Timeline::steps() const {
    std::lock_guard lock(mutex_);
    nlohmann::json out = nlohmann::json::array();
    for (const auto& step : steps_)
        out.push_back({{"step", step.name},
                       {"from_ms", milliseconds(step.from - begin_)},
                       {"ms", milliseconds(step.to - step.from)}});
    for (const auto& [name, took] : told_) out.push_back({{"step", name}, {"ms", milliseconds(took)}});
    return out;
}

}  // namespace nap::update
