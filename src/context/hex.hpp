// SPDX-License-Identifier: GPL-2.0-only
// Addresses and frames as people write them in messages: 0x7f00.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <string>

namespace nap::context {

inline std::string hex(std::uint64_t value) {
    std::array<char, 18> text{'0', 'x'};
    const auto end = std::to_chars(text.data() + 2, text.data() + text.size(), value, 16).ptr;
    return {text.data(), end};
}

}  // namespace nap::context
