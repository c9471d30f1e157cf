// SPDX-License-Identifier: GPL-2.0-only
// The tree of control groups.
#pragma once

#include <filesystem>
#include <vector>

namespace nap::agent {

// Those below `root`, parents first; without `root` itself.
std::vector<std::filesystem::path> groups_below(const std::filesystem::path& root);

}  // namespace nap::agent
