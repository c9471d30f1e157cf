// SPDX-License-Identifier: GPL-2.0-only
#include "cli/size.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace nap::cli {

Result<std::uint64_t> parse_size(const std::string& option, const std::string& text) {
    auto bad = [&] {
        return fail(ErrorKind::usage, option + " '" + text + "' is not a size such as 512M or 1G");
    };
    double value = 0;
    auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    if (error != std::errc{} || !std::isfinite(value) || value <= 0) return bad();

    std::string unit(end, text.data() + text.size());
    for (char& letter : unit) letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
    constexpr std::array kUnits = {'K', 'M', 'G', 'T'};
    if (!unit.empty() && unit != "B") {
        std::size_t power = 0;
        while (power < kUnits.size() && kUnits[power] != unit[0]) ++power;
        auto rest = unit.substr(1);
        if (power == kUnits.size() || (!rest.empty() && rest != "B" && rest != "IB")) return bad();
        value = std::ldexp(value, static_cast<int>(10 * (power + 1)));
    }
    if (value != std::floor(value) || value > 1e18) return bad();
    return static_cast<std::uint64_t>(value);
}

}  // namespace nap::cli
