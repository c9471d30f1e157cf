// SPDX-License-Identifier: GPL-2.0-only
// The kernel store: stock kernels made ready to run machines. Adding one unpacks the packages, checks that the kernel
// has what Nap needs, builds the adoption module against its headers and assembles the initramfs.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "walk/layout.hpp"

namespace nap::kernel {

struct Kernel {
    std::string version;  // uname -r
    std::filesystem::path vmlinuz, initramfs;
    walk::KernelLayout layout;
    std::string source;   // package name and version, or file
};

using Progress = std::function<void(const std::string& step)>;

class Store {
  public:
    // `directory`: LIB/kernels. `libexec`: where agent, criu and module/ lie.
    Store(std::filesystem::path directory, std::filesystem::path libexec);

    // A package name, fetched with its headers through apt; or .deb files (image and headers, in any order).
    Result<Kernel> add_package(const std::string& package, const Progress& progress);
    Result<Kernel> add_debs(const std::vector<std::filesystem::path>& debs, const Progress& progress);
    // headers: a build directory (as /lib/modules/VERSION/build); empty: looked for there.
    Result<Kernel> add_files(const std::filesystem::path& vmlinuz, const std::filesystem::path& modules,
                             const std::filesystem::path& headers, const Progress& progress);
    [[nodiscard]] Result<std::vector<Kernel>> list() const;
    [[nodiscard]] Result<Kernel> find(const std::string& version) const;  // not_found names what there is
    Result<> remove(const std::string& version);

  private:
    std::filesystem::path directory_, libexec_;
};

}  // namespace nap::kernel
