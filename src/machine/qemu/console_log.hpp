// SPDX-License-Identifier: GPL-2.0-only
// The file a machine's consoles go to: kernels of many generations append to it, so it is bounded.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/error.hpp"
#include "base/units.hpp"

namespace nap::machine {

inline constexpr std::uint64_t kConsoleLogLimit = kMiB;  // bytes, looked at when a generation starts

// Where what came before `log` is kept, once that had grown too long.
std::filesystem::path older_console_log(const std::filesystem::path& log);

// While a generation writes to it (O_APPEND): a file of more than four times the limit is emptied, its last
// part, as long as the limit, kept aside. A guest cannot fill the host's disk.
Result<> shorten_console_log(const std::filesystem::path& log);

// Before a generation starts: a file longer than the limit is put aside, and replaces the one put aside
// before it. A generation that still runs goes on writing to the file it has open.
Result<> bound_console_log(const std::filesystem::path& log);

}  // namespace nap::machine
