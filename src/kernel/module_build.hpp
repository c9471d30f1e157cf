// SPDX-License-Identifier: GPL-2.0-only
// Builds the adoption module against a kernel's headers, out of tree.
#pragma once

#include <filesystem>
#include <string>

#include "base/error.hpp"

namespace nap::kernel {

// `source`: the module's source with its Kbuild; copied to `work`, which does not exist yet. `headers`: the
// kernel's build directory. Gives the content of nap.ko, without debug information. A failed build's last
// lines are in the error.
Result<std::string> build_module(const std::filesystem::path& source, const std::filesystem::path& headers,
                                 const std::string& version, const std::filesystem::path& work);

}  // namespace nap::kernel
