// SPDX-License-Identifier: GPL-2.0-only
#include "base/version_order.hpp"

namespace nap {

namespace {

constexpr std::string_view kCandidate = "-rc";

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_candidate(std::string_view at) {
    return at.starts_with(kCandidate) && at.size() > kCandidate.size() && is_digit(at[kCandidate.size()]);
}

// Order of what is not a digit: '~' before the end, the end (and a digit) before letters, these before all
// else. A release candidate's '-' is a '~'.
int weight(std::string_view at) {
    if (at.empty() || is_digit(at.front())) return 0;
    if (at.front() == '~' || is_candidate(at)) return -1;
    const auto c = static_cast<unsigned char>(at.front());
    return is_letter(at.front()) ? c : c + 256;
}

// Takes the number off the front of both; compares them, however long they are.
std::strong_ordering compare_numbers(std::string_view& left, std::string_view& right) {
    auto take = [](std::string_view& text) {
        while (text.starts_with('0')) text.remove_prefix(1);
        std::size_t digits = 0;
        while (digits < text.size() && is_digit(text[digits])) ++digits;
        const auto number = text.substr(0, digits);
        text.remove_prefix(digits);
        return number;
    };
    const auto a = take(left), b = take(right);
    if (a.size() != b.size()) return a.size() <=> b.size();
    return a <=> b;
}

}  // namespace

std::strong_ordering compare_versions(std::string_view left, std::string_view right) {
    while (!left.empty() || !right.empty()) {
        while ((!left.empty() && !is_digit(left.front())) || (!right.empty() && !is_digit(right.front()))) {
            const int a = weight(left), b = weight(right);
            if (a != b) return a <=> b;
            left.remove_prefix(1);  // of the same weight, and not both at a digit or the end
            right.remove_prefix(1);
        }
        if (const auto order = compare_numbers(left, right); order != 0) return order;
    }
    return std::strong_ordering::equal;
}

std::string_view without_flavour(std::string_view version) {
    for (auto dash = version.find('-'); dash != version.npos; dash = version.find('-', dash + 1))
        if (dash + 1 < version.size() && is_letter(version[dash + 1]) && !is_candidate(version.substr(dash)))
            return version.substr(0, dash);
    return version;
}

}  // namespace nap
