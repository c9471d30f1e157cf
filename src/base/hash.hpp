// SPDX-License-Identifier: GPL-2.0-only
// FNV-1a: a number for a name, the same in every run. Not against those who look for collisions.
#pragma once

#include <cstdint>
#include <string_view>

namespace nap {

constexpr std::uint64_t fnv1a(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return hash;
}

}  // namespace nap
