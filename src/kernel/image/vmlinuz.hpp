// SPDX-License-Identifier: GPL-2.0-only
// An x86 boot image (bzImage): its version, and the ELF kernel compressed in it
// (Documentation/x86/boot.rst, "The Real-Mode Kernel Header").
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/error.hpp"

namespace nap::kernel {

struct BootImage {
    std::string version;                 // uname -r
    std::span<const std::byte> payload;  // the compressed kernel, a part of the image
    std::uint64_t unpacked_size;         // bytes, as the image says
};

[[nodiscard]] bool is_boot_image(std::span<const std::byte> image);  // whole or not
Result<BootImage> parse_boot_image(std::span<const std::byte> image);

// The ELF kernel.
Result<std::string> unpack_vmlinux(const BootImage& image);

}  // namespace nap::kernel
