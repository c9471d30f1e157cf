// SPDX-License-Identifier: GPL-2.0-only
// When each phase and step of an update began and ended, on the host's monotonic clock.
#pragma once

#include <chrono>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "update/recovery/phase.hpp"

namespace nap::update {

class Timeline {
  public:
    using Clock = std::chrono::steady_clock;

    // Ends the phase before.
    void begin(Phase phase);
    void end();

    // A step inside a phase, possibly beside others; ends with the object.
    class Span {
      public:
        Span(Timeline& timeline, std::string name) : timeline_(timeline), name_(std::move(name)) {}
        ~Span() { timeline_.add(name_, from_, Clock::now()); }
        Span(const Span&) = delete;
        Span& operator=(const Span&) = delete;

      private:
        Timeline& timeline_;
        std::string name_;
        Clock::time_point from_ = Clock::now();
    };
    [[nodiscard]] Span step(std::string name) { return {*this, std::move(name)}; }
    // One that an agent has timed; when it began is not known.
    void told(const std::string& name, std::chrono::microseconds took);

    [[nodiscard]] nlohmann::json phases_ms() const;  // {"prepare": 2310.5, ...}
    [[nodiscard]] nlohmann::json steps() const;      // [{"step", "ms"}], "from_ms" after the begin if known

  private:
    struct Entry {
        std::string name;
        Clock::time_point from, to;
    };
    void add(const std::string& name, Clock::time_point from, Clock::time_point to);

    mutable std::mutex mutex_;
    Clock::time_point begin_ = Clock::now();
    std::vector<Entry> phases_, steps_;
    std::vector<std::pair<std::string, std::chrono::microseconds>> told_;
    bool open_ = false;
};

}  // namespace nap::update
