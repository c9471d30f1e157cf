// SPDX-License-Identifier: GPL-2.0-only
// Files: where the kernel's settings lie.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace nap::agent {

// Which disk has which name is the kernel's affair; its serial number is the machine's.
class DiskNames {
  public:
    DiskNames() = default;
    explicit DiskNames(std::map<std::string, std::string> names_by_serial)
        : names_(std::move(names_by_serial)) {}
    static DiskNames read();

    // In this kernel: the machine's view of /sys, with the disk's name instead of its serial number.
    [[nodiscard]] std::string file_of(const std::string& path) const;
    [[nodiscard]] const std::map<std::string, std::string>& by_serial() const { return names_; }

  private:
    std::map<std::string, std::string> names_;
};

// Paths of all of them.
std::vector<std::string> setting_files(const DiskNames& disks);

}  // namespace nap::agent
