// SPDX-License-Identifier: GPL-2.0-only
// History: one report a line, of each update that was begun.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace nap::supervisor {

Result<> append_history(const std::filesystem::path& path, const nlohmann::json& report);

}  // namespace nap::supervisor
