// SPDX-License-Identifier: GPL-2.0-only
// What libext2fs reads through: a partition of an image.
#pragma once

#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext2fs.h>

#include <string>

#include "volume/partitions.hpp"

namespace nap::volume {

struct PartitionOfImage {
    Image& image;
    std::uint64_t offset, size;
};

// For ext2fs_open: the manager, and the name by which it finds `partition`, which outlives the file system.
io_manager partition_manager();
std::string channel_name(const PartitionOfImage& partition);

}  // namespace nap::volume
