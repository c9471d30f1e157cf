// SPDX-License-Identifier: GPL-2.0-only
// Any bytes as CRIU's image of a process's memory areas.
#include <span>

#include "context/areas.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    (void)nap::context::read_criu_areas(std::as_bytes(std::span(data, size)));
    return 0;
}
