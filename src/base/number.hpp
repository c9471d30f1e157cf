// SPDX-License-Identifier: GPL-2.0-only
// A number that is all of a text, in decimal.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace nap {

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
    Number number{};
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

}  // namespace nap
