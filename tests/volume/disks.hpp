// SPDX-License-Identifier: GPL-2.0-only
// Small disk images, made without root: mke2fs -d fills file systems, sfdisk writes tables.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace nap::test {

using Contents = std::map<std::string, std::string>;  // path, relative -> content; "-> TARGET": a symlink

// Label and UUID are mke2fs'; nothing where empty.
struct Ext4 {
    Contents contents;
    std::string label = {}, uuid = {};
    int mib = 8;
};

void make_ext4(const std::filesystem::path& image, const Ext4& what);
// `script`: sfdisk's, whose partitions begin and end at whole MiB. contents[i] goes into partition i + 1.
void make_partitioned(const std::filesystem::path& image, int mib, const std::string& script,
                      const std::map<int, Ext4>& contents);

}  // namespace nap::test
