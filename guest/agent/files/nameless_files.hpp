// SPDX-License-Identifier: GPL-2.0-only
// Nameless files: regular files of disks that processes have open, mapped, or execute, and whose last name
// was removed, as after an upgrade of their package.
#pragma once

#include <string>
#include <vector>

#include "agent/kernel_memory/kernel_pass.hpp"

namespace nap::agent {

class NamelessFiles {
  public:
    static Result<const NamelessFiles*> get();  // takes a while, once
    static Result<NamelessFiles> load(const RunningKernel& kernel);

    // Each once, as a place in /proc that leads to it. Also those of processes that are not the userland's.
    [[nodiscard]] Result<std::vector<std::string>> places() const;

  private:
    NamelessFiles(KernelPass open, KernelPass mapped, KernelPass executed)
        : open_(std::move(open)), mapped_(std::move(mapped)), executed_(std::move(executed)) {}

    KernelPass open_, mapped_, executed_;
};

}  // namespace nap::agent
