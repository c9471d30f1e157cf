// SPDX-License-Identifier: GPL-2.0-only
// What a program needs beside itself to run in an initramfs: its loader and its shared libraries.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace nap::kernel {

struct Library {
    std::filesystem::path host;  // where it lies here
    std::filesystem::path
        guest;  // absolute: where the program's loader finds it without a cache or configuration
    bool operator==(const Library&) const = default;
};

// Nothing for a statically linked program. Libraries loaded by dlopen(3) are not seen.
Result<std::vector<Library>> libraries_of(const std::filesystem::path& program);

// From the loader's answer to --list ("libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x7f...)"). Libraries
// that lie in a directory that only this host's configuration names are put beside libc.
Result<std::vector<Library>> parse_library_list(std::string_view list);

}  // namespace nap::kernel
