// SPDX-License-Identifier: GPL-2.0-only
// The newest kernel in a running machine's own /boot: which it is, whether Nap could use it, and made ready.
#pragma once

#include <string>

#include "kernel/installed/machine_kernels.hpp"
#include "supervisor/paths.hpp"
#include "update/running_machine.hpp"

namespace nap::supervisor {

kernel::MachineKernels kernels_of(const Paths& paths, const std::string& machine);

struct OwnKernel {
    std::string version;
    bool runs = false;  // it, or a newer one
};

// Only looked at: whether it is whole, and could be made ready. An error says what stands in the way.
Result<OwnKernel> look_at_own_kernel(const Paths& paths, update::RunningMachine& machine);
// Made ready to be updated to, unless it runs.
Result<OwnKernel> take_own_kernel(const Paths& paths, update::RunningMachine& machine,
                                  const kernel::Progress& progress);

}  // namespace nap::supervisor
