// SPDX-License-Identifier: GPL-2.0-only
// SHA-256 of files: whether what a kernel was made from is still the same.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/error.hpp"

namespace nap::kernel {

using Digests = std::map<std::string, std::string>;  // name -> 64 hexadecimal digits

// `files`: name -> where it lies.
Result<Digests> digest_files(const std::map<std::string, std::filesystem::path>& files);

// All files below `directory`, named relative to it.
Result<Digests> digest_tree(const std::filesystem::path& directory);

}  // namespace nap::kernel
