// SPDX-License-Identifier: GPL-2.0-only
// Numbers in texts, in decimal.
#pragma once

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

namespace nap {

// That is all of a text.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
    Number number{};
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

// That a text begins with, after blanks, as the kernel writes them in columns; 0: none that fits.
template <class Number = int>
Number leading_number(std::string_view text) {
    Number number{};
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

}  // namespace nap
