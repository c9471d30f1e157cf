// SPDX-License-Identifier: GPL-2.0-only
// A hash that is the same in every run and on every host: FNV-1a, 64 bits. Names only: anybody can make two
// alike.
#pragma once

#include <cstdint>
#include <string_view>

namespace nap {

constexpr std::uint64_t stable_hash(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (unsigned char byte : text) hash = (hash ^ byte) * 0x100000001b3;
    return hash;
}

}  // namespace nap
