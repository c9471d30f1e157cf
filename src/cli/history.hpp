// SPDX-License-Identifier: GPL-2.0-only
// The updates of a machine, as its history.jsonl keeps them.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace nap::cli {

// A JSON array of reports, oldest first; empty where there is no history.
Result<nlohmann::json> read_history(const std::filesystem::path& path);

}  // namespace nap::cli
