// SPDX-License-Identifier: GPL-2.0-only
// Addresses and page frames as distinct types, so that they cannot be mixed up.
#pragma once

#include <compare>
#include <cstdint>

namespace nap {

inline constexpr std::uint64_t kPageShift = 12;
inline constexpr std::uint64_t kPageSize = 1ULL << kPageShift;  // bytes
inline constexpr std::uint64_t kHugePagePages = 512;            // page frames in a 2 MiB page
inline constexpr std::uint64_t kHugePageSize = kHugePagePages * kPageSize;
inline constexpr std::uint64_t kKiB = 1ULL << 10;
inline constexpr std::uint64_t kMiB = 1ULL << 20;
inline constexpr std::uint64_t kGiB = 1ULL << 30;

struct VirtualAddress {  // of a process or of a guest kernel, bytes
    std::uint64_t value = 0;
    auto operator<=>(const VirtualAddress&) const = default;
};

struct GuestPhysical {  // guest-physical address, bytes
    std::uint64_t value = 0;
    auto operator<=>(const GuestPhysical&) const = default;
};

struct PageFrame {  // guest-physical address >> 12
    std::uint64_t value = 0;
    auto operator<=>(const PageFrame&) const = default;
    [[nodiscard]] constexpr GuestPhysical address() const { return {value << kPageShift}; }
};

// Page frames [first, first + pages).
struct FrameRange {
    PageFrame first;
    std::uint64_t pages = 0;
    auto operator<=>(const FrameRange&) const = default;
    [[nodiscard]] constexpr bool contains(PageFrame frame, std::uint64_t count = 1) const {
        return frame.value >= first.value && count <= pages && frame.value - first.value <= pages - count;
    }
};

}  // namespace nap
