// SPDX-License-Identifier: GPL-2.0-only
// Any bytes as a boot image with a kernel in it.
#include <span>

#include "kernel/image/vmlinuz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto image = nap::kernel::parse_boot_image(std::as_bytes(std::span(data, size)));
    if (!image || image->unpacked_size > 1 << 20) return 0;
    (void)nap::kernel::unpack_vmlinux(*image);
    return 0;
}
