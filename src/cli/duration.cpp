// SPDX-License-Identifier: GPL-2.0-only
#include "cli/duration.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

namespace nap::cli {

namespace {

constexpr std::array<std::pair<std::string_view, double>, 3> kUnits = {
    {{"ms", 1}, {"s", 1'000}, {"m", 60'000}}};

}  // namespace

Result<std::chrono::milliseconds> parse_duration(const std::string& option, const std::string& text) {
    double value = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    const std::string_view unit(end, text.data() + text.size());
    for (const auto& [name, ms] : kUnits) {
        if (error != std::errc{} || unit != name || !std::isfinite(value)) continue;
        const double milliseconds = value * ms;
        if (milliseconds >= 1 && milliseconds <= static_cast<double>(kLongestDuration.count()))
            return std::chrono::milliseconds(std::llround(milliseconds));
    }
    return fail(ErrorKind::usage,
                option + " '" + text + "' is not a time such as 10s or 500ms, of an hour at most");
}

}  // namespace nap::cli
