// SPDX-License-Identifier: GPL-2.0-only
// Makes a kernel's directory of the store: vmlinuz, initramfs.img and kernel.json, and what a later refresh
// needs: modules/ (in load order), nap.ko, packages/ (the headers).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "kernel/progress.hpp"
#include "kernel/record.hpp"

namespace nap::kernel {

// An unpacked kernel.
struct KernelFiles {
    std::filesystem::path vmlinuz;
    std::filesystem::path modules;                       // a lib/modules/VERSION
    std::filesystem::path config;                        // its build configuration
    std::filesystem::path headers;                       // build directory
    std::vector<std::filesystem::path> header_packages;  // kept for refresh; empty: `headers` lasts
    std::string source;                                  // for Record
    Digests inputs;                                      // for Record
};

// What of libexec goes into every kernel's initramfs.
struct Guest {
    std::map<std::string, std::filesystem::path> programs;  // path in the initramfs -> where it lies here
    Digests program_digests;
    std::filesystem::path module_source;
    Digests module_digests;
};
Result<Guest> read_guest(const std::filesystem::path& libexec);

// `target`: an empty directory. `work`: another, for what is thrown away.
Result<Record> assemble(const KernelFiles& files, const Guest& guest, const std::filesystem::path& target,
                        const std::filesystem::path& work, const Progress& progress);

// `target`: a copy (hard links will do) of the directory that `record` describes; made anew in it is what no
// longer fits `guest`.
Result<Record> reassemble(Record record, const Guest& guest, const std::filesystem::path& target,
                          const std::filesystem::path& work, const Progress& progress);

bool is_current(const Record& record, const Guest& guest);

// `packages` unpacked below `tree`, which is made.
Result<> unpack_packages(const std::vector<std::filesystem::path>& packages,
                         const std::filesystem::path& tree);

}  // namespace nap::kernel
