// SPDX-License-Identifier: GPL-2.0-only
// Where a tree's root goes, as cp(1) decides it.
#pragma once

#include <filesystem>
#include <string>

#include "base/fd.hpp"
#include "channel/tree_entry.hpp"

namespace nap::channel {

// A name in an open folder; "." where a tree's content is poured into the folder itself.
struct TreePlace {
    UniqueFd folder;
    std::string name;
    std::filesystem::path path;  // of both, for errors
};

// Into `target` under `name` if that is a folder (a folder without a name: poured into it), else `target`
// itself. The target's place is the caller's choice: symlinks up to a regular file are followed. What stands
// under `name` is not looked at. Refused, before anything is changed: devices, FIFOs, sockets, symlinks to
// nothing.
Result<TreePlace> place_of_root(const std::filesystem::path& target, const std::string& name,
                                TreeEntry::Type type);

}  // namespace nap::channel
