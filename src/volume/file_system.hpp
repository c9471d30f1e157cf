// SPDX-License-Identifier: GPL-2.0-only
// An ext2, ext3 or ext4 on a partition of an image, read by libext2fs: nothing is mounted, written or
// replayed. What is in its journal only is not seen.
#pragma once

#include <memory>

#include "base/files.hpp"
#include "volume/partitions.hpp"

namespace nap::volume {

[[nodiscard]] bool is_readable(const Partition& partition);  // its type is one of these

class FileSystem : public Files {
  public:
    // `image` outlives it.
    static Result<std::unique_ptr<FileSystem>> open(Image& image, const Partition& partition);

    [[nodiscard]] virtual bool exists(const std::string& path) = 0;
    // It was not unmounted in order.
    [[nodiscard]] virtual bool has_journal_to_replay() const = 0;
};

}  // namespace nap::volume
