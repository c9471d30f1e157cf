// SPDX-License-Identifier: GPL-2.0-only
// Any bytes as a kernel's BTF.
#include <span>

#include "walk/layout.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    (void)nap::walk::read_layout(std::as_bytes(std::span(data, size)));
    return 0;
}
