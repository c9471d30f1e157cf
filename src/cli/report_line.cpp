// SPDX-License-Identifier: GPL-2.0-only
#include "cli/report_line.hpp"

#include <spdlog/fmt/fmt.h>

#include "base/units.hpp"
#include "cli/print.hpp"

namespace nap::cli {

std::string report_line(const std::string& machine, const nlohmann::json& report) {
    auto number = [&](const char* key) { return number_at(report, key); };
    auto line = fmt::format("{}: kernel {} -> {}", machine, text_at(report, "older_kernel"),
                            text_at(report, "newer_kernel"));
    if (text_at(report, "outcome") == "rolled back")
        return line + " rolled back, the older kernel runs on: " + text_at(report, "error");
    line += fmt::format(", paused {} ms, {} processes", number("pause_ms"), number("processes"));
    if (auto connections = number("connections")) line += fmt::format(", {} connections", connections);
    line += fmt::format(", {} pages adopted", with_commas(number("pages_adopted")));
    if (auto huge = number("huge_pages_adopted"))
        line += fmt::format(" ({} as huge pages)", with_commas(huge * kHugePagePages));
    line += fmt::format(", {} bytes copied", with_commas(number("bytes_copied")));
    if (auto peak = number("extra_memory_peak_bytes"))
        line += fmt::format(", {} of extra memory at the peak", size_text(peak));
    return line;
}

}  // namespace nap::cli
