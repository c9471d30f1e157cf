// SPDX-License-Identifier: GPL-2.0-only
// The disk that a machine is to be made of: nobody else's, with a Linux on it.
#pragma once

#include <optional>

#include "cli/create.hpp"
#include "machine/disk/disk.hpp"
#include "volume/system.hpp"

namespace nap::cli {

struct MachineDisk {
    std::filesystem::path path;  // canonical
    machine::DiskInfo info;
    UniqueFd lock;                         // no machine starts on it meanwhile
    std::optional<volume::System> system;  // none: it cannot be read (xfs, LVM), and a kernel was chosen
};

// A usage error or refused says what is wrong with the disk.
Result<MachineDisk> open_machine_disk(const Context& context, const CreateOptions& options);

}  // namespace nap::cli
