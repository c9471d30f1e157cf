// SPDX-License-Identifier: GPL-2.0-only
// The files that are a machine's memory: K and U, sparse, on tmpfs, readable by their owner alone.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/fd.hpp"
#include "base/units.hpp"

namespace nap::machine {

// MemAvailable of /proc/meminfo, bytes.
Result<std::uint64_t> available_memory(std::string_view meminfo);

// Is there room for `bytes` more of memory files in `directory`: free memory on the host, free space in the
// file system? ErrorKind::resources says what is needed and what there is.
Result<> check_room(const std::filesystem::path& directory, std::uint64_t bytes);

// Is there free space for `bytes` in the file system of `directory`? Else ErrorKind::resources.
Result<> check_space(const std::filesystem::path& directory, std::uint64_t bytes);

// Free space in the file system of `directory`, bytes; one without a limit of its own: as much as there can
// be.
Result<std::uint64_t> free_space(const std::filesystem::path& directory);

// A new file of `bytes`, all zero, without a page in use yet. One of that name that was left behind is
// replaced, not reused: whoever still maps it keeps his. Memory it lies in must be tmpfs or hugetlbfs.
// `owner` alone, a user without rights, may open it.
Result<UniqueFd> create_memory_file(const std::filesystem::path& path, std::uint64_t bytes, uid_t owner);

// The parts of a memory file that take memory: ascending, not overlapping.
Result<std::vector<FrameRange>> filled(const std::filesystem::path& path, FrameRange whole);

// Parts of a memory file whose contents nobody needs go back to the host; they read as zeros. `frames` lie
// within `whole`, which the file is.
Result<> give_back(const std::filesystem::path& path, FrameRange whole, std::span<const FrameRange> frames);

}  // namespace nap::machine
