// SPDX-License-Identifier: GPL-2.0-only
// Segments: which addresses of the kernel lie where in /proc/kcore, an ELF core file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/error.hpp"

namespace nap::agent {

struct Segment {
    std::uint64_t address = 0, size = 0, offset = 0;  // offset: in the file
};

// By the file's first bytes: its header and all program headers.
Result<std::vector<Segment>> parse_segments(std::span<const std::byte> head);

// Where `size` bytes at `address` lie in the file; nothing where no segment holds them all.
std::optional<std::uint64_t> find_in_segments(std::span<const Segment> segments, std::uint64_t address,
                                              std::uint64_t size);

}  // namespace nap::agent
