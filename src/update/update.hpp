// SPDX-License-Identifier: GPL-2.0-only
// The update: one transaction from the older to the newer kernel of a running machine.
//
// Until the commit record stands in the journal, any failure ends the newer generation, lets the older kernel
// go on with its connections alive, and removes everything the update made. After it, the update completes.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/error.hpp"
#include "update/agent/check_call.hpp"
#include "update/agent/obstacle.hpp"
#include "update/recovery/phase.hpp"
#include "update/report.hpp"
#include "update/running_machine.hpp"
#include "update/testing.hpp"

namespace nap::update {

struct Progress {
    Phase phase;
    double fraction;  // of the whole update, 0..1, by usual durations
    std::string text;
};
using ProgressSink = std::function<void(const Progress&)>;

// How long each part may take before the update gives up (or, after commit, warns).
struct TimeLimits {
    std::chrono::milliseconds boot{300'000}, call{60'000}, freeze{20'000}, dump{180'000}, restore{180'000},
        merge{600'000};
    // From the freeze to the stop of the older kernel. Its process 1 thaws the userland when so much time has
    // passed, whatever became of agent and supervisor.
    std::chrono::milliseconds thaw{600'000};
};

struct Outcome {
    Report report;    // always: also of an update that was rolled back
    Result<> result;  // the error says that the older kernel still runs
};

Outcome run_update(RunningMachine& machine, const kernel::Kernel& newer, const Testing& testing,
                   const ProgressSink& progress, const TimeLimits& limits = {});

// `looked`: is told now and then how far it is.
Result<std::vector<Obstacle>> find_obstacles(RunningMachine& machine, const kernel::Kernel* newer,
                                             const agent::Looked& looked, const TimeLimits& limits = {});

}  // namespace nap::update
