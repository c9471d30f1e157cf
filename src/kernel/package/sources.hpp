// SPDX-License-Identifier: GPL-2.0-only
// Where a kernel comes from: a set of packages, or files of an installed or self-built kernel.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "kernel/assembly.hpp"

namespace nap::kernel {

struct PackageSet {
    std::vector<std::filesystem::path> images,
        headers;         // linux-headers-*, linux-kbuild-*: headers; all others: images
    std::string source;  // name and version of the image package
    Digests digests;     // by package name
};

// Sorts .deb files; refuses a set without an image or without headers.
Result<PackageSet> read_packages(const std::vector<std::filesystem::path>& debs);

// Unpacks a set below `tree` and finds the one kernel in it.
Result<KernelFiles> unpack_kernel(const PackageSet& packages, const std::filesystem::path& tree);

// Finds what Store::add_files was given.
Result<KernelFiles> locate_files(const std::filesystem::path& vmlinuz, const std::filesystem::path& modules,
                                 const std::filesystem::path& headers);

}  // namespace nap::kernel
