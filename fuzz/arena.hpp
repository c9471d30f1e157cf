// SPDX-License-Identifier: GPL-2.0-only
// A folder of this process alone, in memory.
#pragma once

#include <cstdlib>
#include <filesystem>

inline const std::filesystem::path& arena() {
    static const std::filesystem::path path = [] {
        char name[] = "/dev/shm/nap-fuzz-XXXXXX";
        return std::filesystem::path(::mkdtemp(name));
    }();
    return path;
}
