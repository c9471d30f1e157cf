// SPDX-License-Identifier: GPL-2.0-only
// Any bytes as the header of a qcow2 image: what is accepted names no further file.
#include <cstdlib>
#include <span>

#include "machine/disk/qcow2.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto bytes = std::as_bytes(std::span(data, size));
    if (!nap::machine::qcow2_size(bytes, "image")) return 0;
    for (std::size_t at = 8; at < 16; ++at)
        if (bytes[at] != std::byte{0}) std::abort();
    return 0;
}
