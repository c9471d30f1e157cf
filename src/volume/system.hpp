// SPDX-License-Identifier: GPL-2.0-only
// System: the Linux on a disk image. Its root file system is found by what it holds, its /boot by its fstab.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "volume/file_system.hpp"
#include "volume/fstab.hpp"

namespace nap::volume {

class System : public Files {
  public:
    // `partition`: of the root file system, where it is known. `init`: what a root file system has.
    // protocol: the image is no disk, or damaged; refused: none has it, or several; unsupported: what
    // it holds cannot be read without being mounted (xfs, btrfs, LVM).
    static Result<System> find(std::unique_ptr<Image> image, std::optional<int> partition,
                               const std::string& init);

    [[nodiscard]] const Partition& root() const { return root_partition_; }
    [[nodiscard]] const std::vector<Mount>& missing() const { return missing_; }  // without_disk
    // It was not unmounted in order: what is in its journal only is not seen.
    [[nodiscard]] bool was_interrupted() const { return root_->has_journal_to_replay(); }

    Result<std::vector<std::string>> list(const std::string& folder) override;
    Result<std::string> read(const std::string& path, std::size_t limit) override;

  private:
    Result<> find_boot(const std::vector<Partition>& partitions);
    Result<FileSystem*> holder_of(std::string& path);

    std::unique_ptr<Image> image_;
    Partition root_partition_;
    std::unique_ptr<FileSystem> root_, boot_;  // boot_: null where it lies on the root
    std::optional<Error> no_boot_;             // why a /boot of its own cannot be read
    std::vector<Mount> missing_;
};

}  // namespace nap::volume
