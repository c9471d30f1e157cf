// SPDX-License-Identifier: GPL-2.0-only
// Huge pages: how much of a memory file lies on 2 MiB pages of the host, and how more of it comes to.
//
// A file system that hands out 2 MiB pages by itself (huge=always) would make a machine that touches a page
// here and there take all its memory at once. So the files are made of small pages, and the blocks that are
// full of what is needed are gathered on huge ones (MADV_COLLAPSE, Linux 6.1): contents, holes and whoever
// maps the file stay as they are.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "base/error.hpp"
#include "base/units.hpp"

namespace nap::machine {

// Bytes of the file that the process whose /proc/PID/smaps this is has mapped by the 2 MiB.
std::uint64_t mapped_by_huge_pages(std::string_view smaps, const std::filesystem::path& file);

// Gathers `blocks`, multiples of 2 MiB within `whole`, which the file is; stops when the time is over. Bytes
// of them that lie on huge pages then; fewer, or none, where the host does not do that or has no 2 MiB in one
// piece.
Result<std::uint64_t> gather_on_huge_pages(const std::filesystem::path& file, FrameRange whole,
                                           std::span<const FrameRange> blocks,
                                           std::chrono::milliseconds limit);

}  // namespace nap::machine
