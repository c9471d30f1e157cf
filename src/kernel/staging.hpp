// SPDX-License-Identifier: GPL-2.0-only
// A directory of the store in the making: beside the finished ones, seen by nobody, gone unless it is
// published.
#pragma once

#include <filesystem>
#include <string>

#include "base/error.hpp"
#include "base/fd.hpp"
#include "kernel/progress.hpp"

namespace nap::kernel {

// Holds the store's lock; one at a time.
class Staging {
  public:
    // Makes the store where it does not exist, takes its lock (else busy) and removes what a killed one left.
    static Result<Staging> begin(const std::filesystem::path& store);
    // Where another nap holds the lock, waits for it (minutes, should it build modules); `progress` is told.
    static Result<Staging> begin(const std::filesystem::path& store, const Progress& progress);

    Staging(Staging&& other) noexcept;
    Staging& operator=(Staging&&) = delete;
    Staging(const Staging&) = delete;
    Staging& operator=(const Staging&) = delete;
    ~Staging();

    [[nodiscard]] std::filesystem::path target() const { return root_ / "target"; }  // to be published
    [[nodiscard]] std::filesystem::path work() const { return root_ / "work"; }      // to be thrown away

    // target becomes STORE/name in one step, in place of what has that name.
    Result<> publish(const std::string& name);

  private:
    Staging(std::filesystem::path store, UniqueFd lock) : store_(std::move(store)), lock_(std::move(lock)) {}
    std::filesystem::path store_, root_;
    UniqueFd lock_;
};

}  // namespace nap::kernel
