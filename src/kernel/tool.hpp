// SPDX-License-Identifier: GPL-2.0-only
// Programs of the distribution (apt-get, make, strip, sha256sum), whose failure is an error.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/process.hpp"

namespace nap::kernel {

// Runs it with LC_ALL=C and gives its output; an error with `what`, the exit status and the last lines if it
// fails.
Result<std::string> run_tool(std::string_view what, Command command, std::chrono::milliseconds limit);

// The last `count` lines.
std::string_view last_lines(std::string_view text, std::size_t count);

}  // namespace nap::kernel
