// SPDX-License-Identifier: GPL-2.0-only
// Compressed bytes, as kernels and their modules come: gzip, xz, lzma, zstd, lz4, bzip2.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "base/error.hpp"

namespace nap::kernel {

// Bytes in none of these formats come back as they are. More than `limit` bytes are an error.
Result<std::string> decompress(std::span<const std::byte> bytes, std::size_t limit);

// A file, decompressed if it is compressed.
Result<std::string> read_decompressed(const std::filesystem::path& path, std::size_t limit);

}  // namespace nap::kernel
