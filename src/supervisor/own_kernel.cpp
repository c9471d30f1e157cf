// SPDX-License-Identifier: GPL-2.0-only
#include "supervisor/own_kernel.hpp"

#include "update/agent/machine_files.hpp"

namespace nap::supervisor {

namespace {

Result<OwnKernel> own_kernel(const kernel::Newest& newest, const update::RunningMachine& machine) {
    NAP_TRY(const bool runs, kernel::MachineKernels::runs_already(newest, machine.kernel));
    return OwnKernel{newest.version, runs};
}

}  // namespace

kernel::MachineKernels kernels_of(const Paths& paths, const std::string& machine) {
    return {paths.kernels(), paths.machine(machine).kernels(), paths.libexec};
}

Result<OwnKernel> look_at_own_kernel(const Paths& paths, update::RunningMachine& machine) {
    update::agent::MachineFiles files(machine.generation->agent(),
                                      update::agent::new_scratch(machine.paths.state));
    NAP_TRY(const auto newest, kernel::MachineKernels::newest(files, machine.kernel.version));
    NAP_TRY(auto own, own_kernel(newest, machine));
    if (!own.runs) NAP_CHECK(kernels_of(paths, machine.config.name).look_at(files, newest));
    return own;
}

Result<OwnKernel> take_own_kernel(const Paths& paths, update::RunningMachine& machine,
                                  const kernel::Progress& progress) {
    progress("looking into the machine's /boot");
    update::agent::MachineFiles files(machine.generation->agent(),
                                      update::agent::new_scratch(machine.paths.state));
    NAP_TRY(const auto newest, kernel::MachineKernels::newest(files, machine.kernel.version));
    NAP_TRY(auto own, own_kernel(newest, machine));
    if (own.runs) return own;
    NAP_CHECK(kernels_of(paths, machine.config.name)
                  .take(files, newest, machine.config.name, machine.kernel.version, progress));
    return own;
}

}  // namespace nap::supervisor
