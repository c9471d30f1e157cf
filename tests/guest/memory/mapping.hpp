// SPDX-License-Identifier: GPL-2.0-only
// Mappings and what /proc/PID/smaps says about them.
#pragma once

#include <sys/mman.h>
#include <sys/types.h>

#include <cstddef>
#include <span>
#include <string>

namespace guest {

inline constexpr std::size_t kPage = 4096;
inline constexpr std::size_t kHugePage = 2 << 20;

// mmap(2), failing with a sentence.
std::span<std::byte> map(std::size_t size, int protection, int flags, int fd = -1, off_t offset = 0,
                         void* address = nullptr);

// Anonymous private memory with an inaccessible page on either side, so that its VMA stays its own.
std::span<std::byte> map_apart(std::size_t size, std::size_t alignment = kPage);

// Sum of a field ("Rss", "Pss", "AnonHugePages", in bytes) over the VMAs of a process inside the range.
std::size_t smaps_bytes(pid_t pid, std::span<const std::byte> range, const std::string& field);

// What a field says of the only VMA inside the range.
std::string smaps_text(pid_t pid, std::span<const std::byte> range, const std::string& field);

// "VmFlags" of the VMAs inside the range; what the kernel only notes of writes is left out.
std::string smaps_flags(pid_t pid, std::span<const std::byte> range);

// "start-end perms offset" of every VMA inside the range.
std::string layout_of(std::span<const std::byte> range);

}  // namespace guest
