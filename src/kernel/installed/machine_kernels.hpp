// SPDX-License-Identifier: GPL-2.0-only
// The kernels one machine can run: those of the host's store, and those taken from its own /boot, which lie
// in its own folder. A machine chooses what is in its /boot: no other machine is to run that, nor is it to
// take the place of a kernel of the host's that has the same version.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "kernel/store.hpp"

namespace nap::kernel {

// What a machine's /boot would be booted with.
struct Newest {
    std::string version;
    std::string vmlinuz;              // content
    std::vector<std::string> others;  // older versions there
};

class MachineKernels {
  public:
    // Folders: the host's store, the machine's own, and libexec.
    MachineKernels(const std::filesystem::path& shared, const std::filesystem::path& own,
                   const std::filesystem::path& libexec);

    // As Store's; one taken from its /boot is found first.
    [[nodiscard]] Result<Kernel> find(const std::string& version) const;
    Result<Kernel> refresh(const std::string& version, const Progress& progress);

    // `running`: the version that runs now, or none. not_found: there is no kernel; refused: it cannot be
    // used.
    static Result<Newest> newest(Files& files, const std::string& running);
    // Whether the kernel that runs is that one. Refused where it has its version but is another build.
    static Result<bool> runs_already(const Newest& newest, const Kernel& running);

    // Whether take() could make it ready: looked at only.
    Result<> look_at(Files& files, const Newest& newest);
    // Made ready to run the machine, where it is not yet. `machine`: its name. Of those taken before, the
    // ones that are no longer in its /boot go, but for `running`.
    Result<Kernel> take(Files& files, const Newest& newest, const std::string& machine,
                        const std::string& running, const Progress& progress);

  private:
    Result<> forget_others(const Newest& newest, const std::string& running);
    Store shared_, own_;
};

}  // namespace nap::kernel
