// SPDX-License-Identifier: GPL-2.0-only
// Partitions: the partition table of an image (GPT or MBR), and what each partition is said to hold.
#pragma once

#include <string>
#include <vector>

#include "volume/image.hpp"

namespace nap::volume {

struct Partition {
    int number = 0;                      // 0: the whole disk, which has no table
    std::uint64_t offset = 0, size = 0;  // bytes
    std::string type = {};               // ext4, xfs, swap, vfat, LVM2_member, ...; empty: nothing known
    // As fstab names them; empty where there is none.
    std::string uuid = {}, label = {}, part_uuid = {}, part_label = {};
};

// At least one where the image holds a table or a file system; none: it holds neither.
Result<std::vector<Partition>> partitions_of(Image& image);

}  // namespace nap::volume
