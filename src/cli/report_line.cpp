// SPDX-License-Identifier: GPL-2.0-only
#include "cli/report_line.hpp"

#include <spdlog/fmt/fmt.h>

#include <array>

#include "base/units.hpp"
#include "cli/print.hpp"
#include "update/recovery/phase.hpp"

namespace nap::cli {

namespace {

constexpr std::array kPhases = {update::Phase::check,   update::Phase::prepare, update::Phase::freeze,
                                update::Phase::capture, update::Phase::restore, update::Phase::commit,
                                update::Phase::settle};

// An error's first line, and not more of it than a line of a terminal or two.
std::string shortened(const nlohmann::json& report) {
    constexpr std::size_t kMost = 200;
    constexpr std::string_view kMore = " ...";
    const auto found = report.find("error");
    if (found == report.end() || !found->is_string()) return {};
    const auto& error = found->get_ref<const std::string&>();
    std::string line = one_line(error.substr(0, error.find('\n')));
    if (line.size() > kMost) {
        auto end = kMost;
        while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xc0) == 0x80) --end;  // within a letter
        line.resize(end);
    }
    return line.size() < one_line(error).size() ? line + std::string(kMore) : line;
}

}  // namespace

std::string report_line(const std::string& machine, const nlohmann::json& report) {
    auto number = [&](const char* key) { return number_at(report, key); };
    auto line = fmt::format("{}: kernel {} -> {}", machine, text_at(report, "older_kernel"),
                            text_at(report, "newer_kernel"));
    const auto outcome = text_at(report, "outcome");
    if (outcome == "rolled back")
        return line + " rolled back, the older kernel runs on: " + shortened(report);
    if (outcome == "lost") return line + " lost, the machine did not run on: " + shortened(report);
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

std::string phases_line(const nlohmann::json& report) {
    std::string line;
    const auto phases = report.find("phases_ms");
    if (phases == report.end() || !phases->is_object()) return line;
    for (auto phase : kPhases) {
        const auto ms = phases->find(update::to_string(phase));
        if (ms == phases->end() || !ms->is_number()) continue;
        line += fmt::format("{}{} {}", line.empty() ? "" : ", ", update::to_string(phase),
                            duration_text(ms->get<double>()));
    }
    return line;
}

}  // namespace nap::cli
