// SPDX-License-Identifier: GPL-2.0-only
// Sizes as people write them: 512M, 1G, 1.5G, 134217728.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.hpp"

namespace nap::cli {

// Bytes. K, M, G, T are powers of 1024, with or without "iB" or "B" behind them.
Result<std::uint64_t> parse_size(const std::string& option, const std::string& text);

}  // namespace nap::cli
