// SPDX-License-Identifier: GPL-2.0-only
// The header of a qcow2 image (docs/interop/qcow2.txt of QEMU). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

#include "base/error.hpp"

namespace nap::machine {

inline constexpr std::size_t kQcow2Header = 104;  // bytes of it that are looked at

// The image's virtual size, bytes. Images that name further files (a backing file, an external data file) are
// refused: whatever broke out of a guest into its QEMU could have written any name there. So are encrypted
// ones.
Result<std::uint64_t> qcow2_size(std::span<const std::byte> header, const std::filesystem::path& image);

}  // namespace nap::machine
