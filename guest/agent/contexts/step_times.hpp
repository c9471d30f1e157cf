// SPDX-License-Identifier: GPL-2.0-only
// StepTimes: how long each step of a call took. The caller is told, since what a step costs the pause cannot
// be seen from outside.
#pragma once

#include <chrono>
#include <string>

#include "channel/json.hpp"

namespace nap::agent {

class StepTimes {
  public:
    // Since the step before, or since this object was made.
    void ended(const std::string& step) {
        const auto now = Clock::now();
        const auto took = std::chrono::duration_cast<std::chrono::microseconds>(now - last_).count();
        steps_.push_back({{"step", step}, {"us", took}});
        last_ = now;
    }
    // [{"step", "us"}], in the order in which they ended.
    [[nodiscard]] const channel::Json& told() const { return steps_; }

  private:
    using Clock = std::chrono::steady_clock;
    Clock::time_point last_ = Clock::now();
    channel::Json steps_ = channel::Json::array();
};

}  // namespace nap::agent
