// SPDX-License-Identifier: GPL-2.0-only
// The kernel store: stock kernels made ready to run machines. Adding one unpacks the packages, checks that
// the kernel has what Nap needs, builds the adoption module against its headers and assembles the initramfs.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/files.hpp"
#include "kernel/progress.hpp"
#include "walk/layout.hpp"
#include "walk/socket_layout.hpp"

namespace nap::kernel {

struct Kernel {
    std::string version;  // uname -r
    std::filesystem::path vmlinuz, initramfs;
    walk::KernelLayout layout;
    walk::SocketLayout socket_layout;
    std::string source;                // package name and version, or file
    std::vector<std::string> modules;  // names of those that every generation loads
};

struct Listing {
    std::vector<Kernel> kernels;  // newest version first
    std::vector<Error> damaged;   // of each kernel whose record cannot be read: which, why, and what to do
};

// A kernel is added whole or not at all. Adding one again does only what is needed: nothing, or a refresh.
class Store {
  public:
    // `directory`: LIB/kernels; packages are kept in LIB/cache. `libexec`: where agent, criu and module/ lie.
    Store(const std::filesystem::path& directory, const std::filesystem::path& libexec);

    // A package name, fetched with its headers through apt; or .deb files (image and headers, in any order).
    Result<Kernel> add_package(const std::string& package, const Progress& progress);
    Result<Kernel> add_debs(const std::vector<std::filesystem::path>& debs, const Progress& progress);
    // modules: a lib/modules/VERSION, or a directory that holds one. headers: a build directory (as
    // /lib/modules/VERSION/build), not copied; empty: looked for there. The configuration is looked for
    // beside all three.
    Result<Kernel> add_files(const std::filesystem::path& vmlinuz, const std::filesystem::path& modules,
                             const std::filesystem::path& headers, const Progress& progress);
    // A kernel as it is installed on a machine's disk; `vmlinuz`: its image (installed/gather.hpp),
    // `headers`: gives the packages of a version's headers, `source`: for Kernel.
    using Headers = std::function<Result<std::vector<std::filesystem::path>>(const std::string& version)>;
    Result<Kernel> add_installed(Files& files, const std::string& version, const std::string& vmlinuz,
                                 const std::string& source, const Headers& headers, const Progress& progress);
    // The packages of a version's headers, fetched through apt to LIB/cache.
    Result<std::vector<std::filesystem::path>> fetch_headers(const std::string& version,
                                                             const Progress& progress);
    [[nodiscard]] bool holds(const std::string& version,
                             const std::string& vmlinuz) const;  // that very image
    [[nodiscard]] Result<Listing> list() const;
    [[nodiscard]] Result<Kernel> find(const std::string& version) const;  // not_found names what there is
    // As find, after making anew what was made from another agent, CRIU or module than libexec now has.
    Result<Kernel> refresh(const std::string& version, const Progress& progress);
    Result<> remove(const std::string& version);  // also a damaged one

  private:
    std::filesystem::path directory_, libexec_;
};

}  // namespace nap::kernel
