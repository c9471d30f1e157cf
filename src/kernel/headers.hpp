// SPDX-License-Identifier: GPL-2.0-only
// A kernel's headers, unpacked somewhere else than at /: found, and made to refer to each other there.
#pragma once

#include <filesystem>
#include <string>

#include "base/error.hpp"

namespace nap::kernel {

// `tree`: where the headers packages were unpacked. Gives the build directory (what
// /lib/modules/VERSION/build is), after its absolute references to /usr/src and /usr/lib were turned to
// `tree`.
Result<std::filesystem::path> settle_headers(const std::filesystem::path& tree, const std::string& version);

}  // namespace nap::kernel
