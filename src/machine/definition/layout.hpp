// SPDX-License-Identifier: GPL-2.0-only
// Where K and U lie in a machine's guest-physical memory: equal in all its generations.
#pragma once

#include <cstdint>
#include <optional>

#include "base/error.hpp"
#include "base/units.hpp"

namespace nap::machine {

inline constexpr std::uint64_t kMemoryBlock = 128 * kMiB;           // granule of memory hotplug on x86-64
inline constexpr GuestPhysical kUserBase{4 * kGiB};                 // q35 puts the device memory region there
inline constexpr std::uint64_t kLargestKernelMemory = 2688 * kMiB;  // below 2.75 GiB K lies in one piece
inline constexpr std::uint64_t kLargestUserMemory =
    128 * kGiB;  // whose page structs the largest K still holds

struct MemoryLayout {
    std::uint64_t kernel_memory = 0;  // K, bytes
    std::uint64_t user_memory = 0;    // U, bytes
    [[nodiscard]] FrameRange kernel_frames() const { return {{0}, kernel_memory / kPageSize}; }
    [[nodiscard]] FrameRange user_frames() const {
        return {{kUserBase.value >> kPageShift}, user_memory / kPageSize};
    }
};

// What K must hold at least: the kernel itself, and 64 bytes of page struct per page of U.
std::uint64_t least_kernel_memory(std::uint64_t user_memory);

// Both sizes are multiples of kMemoryBlock. kernel_memory: default max(512 MiB, U/4), at most
// kLargestKernelMemory. Usage errors name the limits.
Result<MemoryLayout> lay_out(std::uint64_t user_memory, std::optional<std::uint64_t> kernel_memory);

}  // namespace nap::machine
