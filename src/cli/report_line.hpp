// SPDX-License-Identifier: GPL-2.0-only
// An update's report in one line: kernels, pause, what was carried, what it cost.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace nap::cli {

std::string report_line(const std::string& machine, const nlohmann::json& report);

}  // namespace nap::cli
