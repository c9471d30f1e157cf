// SPDX-License-Identifier: GPL-2.0-only
// Kept: what takes a while to make for the running kernel is made once, and by the first that needs it. A
// failure is not kept: the next one tries again.
#pragma once

#include <mutex>
#include <optional>
#include <utility>

#include "agent/kernel_memory/running_kernel.hpp"

namespace nap::agent {

// What `kMake`, a Result<T>(const RunningKernel&), has made: one for each such function.
template <auto kMake>
auto kept() -> Result<const typename decltype(kMake(std::declval<const RunningKernel&>()))::value_type*> {
    static std::mutex making;
    static std::optional<typename decltype(kMake(std::declval<const RunningKernel&>()))::value_type> made;
    const std::lock_guard lock(making);
    if (!made) {
        NAP_TRY(const RunningKernel* kernel, RunningKernel::get());
        NAP_TRY(auto one, kMake(*kernel));
        made.emplace(std::move(one));
    }
    return &*made;
}

}  // namespace nap::agent
