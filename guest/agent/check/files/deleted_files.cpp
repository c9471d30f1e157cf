// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/files/deleted_files.hpp"

#include <string>

#include "agent/calls/paths.hpp"
#include "base/units.hpp"

namespace nap::agent {

bool is_deleted(std::string_view path) {
    for (const char* nameless : {"/memfd:", "/SYSV", "/dev/zero ", "/[aio]", "/anon_hugepage"})
        if (path.starts_with(nameless)) return false;
    return path.starts_with("/") && path.ends_with(" (deleted)");
}

bool on_root_disk(const struct stat& information) {
    struct stat root {};
    return ::stat(kRoot, &root) == 0 && information.st_dev == root.st_dev;
}

std::optional<Finding> judge_deleted(std::string_view path, const struct stat& information) {
    if (!S_ISREG(information.st_mode)) return std::nullopt;
    const std::string where(path.substr(0, path.rfind(" (deleted)")));
    if (information.st_nlink > 0) return std::nullopt;  // another name is left: it is found by its handle
    const auto bytes = static_cast<std::uint64_t>(information.st_blocks) * 512;
    if (bytes > kGhostLimitMiB * kMiB)
        return Finding{
            "a deleted file of " + std::to_string(bytes / kMiB) + " MiB, still in use (" + where + ")",
            "Deleted files in memory are copied during the update, up to " + std::to_string(kGhostLimitMiB) +
                " MiB each.",
            "Let the program close or truncate the file, or restart it."};
    return std::nullopt;
}

}  // namespace nap::agent
