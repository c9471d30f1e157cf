// SPDX-License-Identifier: GPL-2.0-only
// Recover: a machine whose supervisor died goes on under its successor. An update that was under way is
// rolled back or completed, as recovery.hpp decides; what belongs to nobody is ended and removed.
#pragma once

#include <optional>

#include "kernel/installed/machine_kernels.hpp"
#include "update/update.hpp"

namespace nap::update {

struct Recovered {
    bool runs = false;             // machine.generation serves again; false: nothing of the machine runs
    std::optional<Report> report;  // of the update that was under way
};

// `machine`: its configuration and its parts on the host, without a generation; its lock is held. On an error
// the machine's processes are left as they are.
Result<Recovered> recover(RunningMachine& machine, const kernel::MachineKernels& kernels,
                          const TimeLimits& limits = {});

}  // namespace nap::update
