// SPDX-License-Identifier: GPL-2.0-only
// fstab(5): what a machine mounts from which disk. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "volume/partitions.hpp"

namespace nap::volume {

struct Mount {
    std::string from, at, type;
    std::vector<std::string> options;
};

std::vector<Mount> parse_fstab(std::string_view text);

// Whether it names a disk, rather than tmpfs, a network file system, or what is made at run time (LVM).
[[nodiscard]] bool is_of_disk(const Mount& mount);
// The partition it names; null: none of these. The machine's disk is /dev/vda inside.
const Partition* partition_of(const Mount& mount, const std::vector<Partition>& partitions);
// Those at which a boot waits for a disk that is none of `partitions`, and then fails.
std::vector<Mount> without_disk(const std::vector<Mount>& mounts, const std::vector<Partition>& partitions);

}  // namespace nap::volume
