// SPDX-License-Identifier: GPL-2.0-only
// Any bytes as CRIU's page map image: what is read is well-formed.
#include <cstdlib>
#include <span>

#include "context/carried.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto ranges = nap::context::read_criu_pagemap(std::as_bytes(std::span(data, size)));
    if (ranges && !nap::context::check(nap::context::Carried{{1, *ranges}})) std::abort();
    return 0;
}
