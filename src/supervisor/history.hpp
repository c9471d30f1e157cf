// SPDX-License-Identifier: GPL-2.0-only
// History: one report a line, of each update that was begun.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "update/report.hpp"

namespace nap::supervisor {

// The report as it was kept, with when the update began (seconds since 1970). Failing to keep it is logged
// only.
nlohmann::json keep_in_history(const std::filesystem::path& path, const update::Report& report,
                               std::int64_t started);

}  // namespace nap::supervisor
