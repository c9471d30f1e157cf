// SPDX-License-Identifier: GPL-2.0-only
// The header of one entry of a tree: coding, and the checks on what a peer sends.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "channel/json.hpp"

namespace nap::channel {

inline constexpr std::size_t kMaxEntryHeader = 64 * 1024;
inline constexpr std::size_t kMaxPath = 4096;

struct TreeEntry {
    enum class Type { file, directory, symlink };
    std::string path;  // relative; empty: the root
    Type type = Type::file;
    std::uint32_t mode = 0;  // permission bits
    std::uint64_t size = 0;
    std::int64_t mtime = 0;
    std::uint32_t uid = 0, gid = 0;
    std::string target;  // of a symlink
    std::string name;    // of a single file, with path ""
};

// An error for names that are not UTF-8.
Result<std::string> encode_entry(const TreeEntry& entry);
Result<TreeEntry> decode_entry(std::string_view header);

// Relative, no empty, "." or ".." part, no NUL.
bool is_safe_path(std::string_view path);

}  // namespace nap::channel
