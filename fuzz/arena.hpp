// SPDX-License-Identifier: GPL-2.0-only
// A folder of this process alone, in memory; it goes when the process ends in order.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <system_error>

inline const std::filesystem::path& arena() {
    struct Folder {
        char name[32] = "/dev/shm/nap-fuzz-XXXXXX";
        std::filesystem::path path = ::mkdtemp(name);
        Folder() = default;
        Folder(const Folder&) = delete;
        Folder& operator=(const Folder&) = delete;
        ~Folder() {
            std::error_code ignored;
            std::filesystem::remove_all(path, ignored);
        }
    };
    static const Folder folder;
    return folder.path;
}
