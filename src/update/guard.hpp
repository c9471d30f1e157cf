// SPDX-License-Identifier: GPL-2.0-only
// Guard: gives back what an update borrowed (a freeze, a link state, files) unless the update committed.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "base/error.hpp"

namespace nap::update {

class Guard {
  public:
    using Problem = std::function<void(const Error&)>;

    Guard() = default;
    // `give_back` runs once: in give_back() or in the destructor. Failures go to `problem`.
    Guard(std::function<Result<>()> give_back, Problem problem)
        : give_back_(std::move(give_back)), problem_(std::move(problem)) {}
    Guard(Guard&& other) noexcept { *this = std::move(other); }
    Guard& operator=(Guard&& other) noexcept {
        if (this == &other) return *this;
        give_back();
        give_back_ = std::exchange(other.give_back_, {});
        problem_ = std::exchange(other.problem_, {});
        return *this;
    }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard() { give_back(); }

    void give_back() noexcept;
    void dismiss() { give_back_ = {}; }

  private:
    std::function<Result<>()> give_back_;
    Problem problem_;
};

}  // namespace nap::update
