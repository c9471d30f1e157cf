// SPDX-License-Identifier: GPL-2.0-only
// An update's report for people, each in one line; any JSON object.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace nap::cli {

// Kernels, pause, what was carried, what it cost; or the beginning of the error.
std::string report_line(const std::string& machine, const nlohmann::json& report);

std::string phases_line(const nlohmann::json& report);  // "check 750 ms, prepare 11.6 s"; empty: none known

}  // namespace nap::cli
