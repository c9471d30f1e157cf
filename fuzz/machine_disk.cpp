// SPDX-License-Identifier: GPL-2.0-only
// Any text as what qemu-img says of an image.
#include <string>

#include "machine/disk/disk.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    (void)nap::machine::disk_format_from(std::string(reinterpret_cast<const char*>(data), size), "image");
    return 0;
}
