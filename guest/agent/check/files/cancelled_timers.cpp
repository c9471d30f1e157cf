// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/files/cancelled_timers.hpp"

#include <algorithm>
#include <limits>

#include "agent/calls/log.hpp"
#include "agent/kernel_memory/kept.hpp"
#include "agent/kernel_memory/open_files.hpp"

namespace nap::agent {

namespace {

constexpr auto kCancelled = std::numeric_limits<std::int64_t>::max();  // KTIME_MAX

Result<OpenFileSearch> load(const RunningKernel& kernel) {
    return OpenFileSearch::load(kernel, "timerfd_fops");
}

Result<> look(const RunningKernel& kernel, const std::vector<Task>& tasks, Obstacles& obstacles) {
    NAP_TRY(const OpenFileSearch* search, kept<&load>());
    NAP_TRY(const auto timers, search->run());
    for (const OpenFile& timer : timers) {
        NAP_TRY(const auto watches, kernel.field<std::uint8_t>(timer.object, "timerfd_ctx", "might_cancel"));
        NAP_TRY(const auto offset, kernel.field<std::int64_t>(timer.object, "timerfd_ctx", "moffs"));
        if (watches == 0 || offset != kCancelled) continue;
        const auto task = std::ranges::find(tasks, timer.host_pid, &Task::host_pid);
        if (task != tasks.end())
            add(obstacles, *task,
                {"a timer that was cancelled because the clock was set (TFD_TIMER_CANCEL_ON_SET)",
                 "The program has not read that yet, and would read an expiry after the update.",
                 "Try again when it has."});
    }
    return {};
}

}  // namespace

void find_cancelled_timers(const RunningKernel& kernel, const std::vector<Task>& tasks,
                           Obstacles& obstacles) {
    if (auto looked = look(kernel, tasks, obstacles); !looked)
        log("cannot look for cancelled timers: " + looked.error().message);
}

}  // namespace nap::agent
