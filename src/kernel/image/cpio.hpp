// SPDX-License-Identifier: GPL-2.0-only
// Archives in the form the kernel unpacks at boot (newc;
// Documentation/driver-api/early-userspace/buffer-format.rst).
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace nap::kernel {

struct CpioEntry {
    std::string path;     // relative, without "./"
    mode_t mode;          // type and permissions
    std::string content;  // of a file; target of a symbolic link
    dev_t device = 0;     // of a device node
};

CpioEntry cpio_file(std::string path, std::string content, unsigned permissions);

// Written in order, after the directories that lead to each entry; owned by root, time 0: equal entries,
// equal bytes.
Result<> write_cpio(const std::filesystem::path& file, const std::vector<CpioEntry>& entries);

}  // namespace nap::kernel
