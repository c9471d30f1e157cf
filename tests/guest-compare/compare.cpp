// SPDX-License-Identifier: GPL-2.0-only
#include "compare.hpp"

#include <charconv>
#include <sstream>

namespace compare {

namespace {

const Exception* exception_for(const std::string& key, Exception::May may) {
    for (const auto& exception : exceptions())
        if (exception.may == may && matches(exception.pattern, key)) return &exception;
    return nullptr;
}

// Word for word, numbers may grow; the rest is equal.
bool grown(const std::string& before, const std::string& after) {
    std::istringstream was(before), is(after);
    std::string a, b;
    while (was >> a) {
        if (!(is >> b)) return false;
        double x = 0, y = 0;
        const auto one = std::from_chars(a.data(), a.data() + a.size(), x);
        const auto two = std::from_chars(b.data(), b.data() + b.size(), y);
        const bool numbers = one.ec == std::errc{} && two.ec == std::errc{};
        if (numbers ? y < x : a != b) return false;
    }
    return !(is >> b);
}

}  // namespace

bool matches(std::string_view pattern, std::string_view text) {
    if (pattern.empty()) return text.empty();
    if (pattern[0] != '*')
        return !text.empty() && pattern[0] == text[0] && matches(pattern.substr(1), text.substr(1));
    for (std::size_t skipped = 0; skipped <= text.size(); ++skipped)
        if (matches(pattern.substr(1), text.substr(skipped))) return true;
    return false;
}

std::vector<std::string> differences(const Snapshot& before, const Snapshot& after) {
    using May = Exception::May;
    std::vector<std::string> all;
    for (const auto& [key, was] : before) {
        const auto found = after.find(key);
        if (found == after.end()) {
            if (exception_for(key, May::come_and_go) == nullptr)
                all.push_back(key + " is gone, was '" + was + "'");
            continue;
        }
        const std::string& is = found->second;
        if (is == was || exception_for(key, May::differ) != nullptr) continue;
        if (exception_for(key, May::grow) != nullptr) {
            if (!grown(was, is)) all.push_back(key + " went back to '" + is + "', was '" + was + "'");
            continue;
        }
        if (exception_for(key, May::come_and_go) == nullptr)
            all.push_back(key + " is '" + is + "', was '" + was + "'");
    }
    for (const auto& [key, is] : after)
        if (!before.contains(key) && exception_for(key, May::come_and_go) == nullptr)
            all.push_back(key + " is new: '" + is + "'");
    return all;
}

}  // namespace compare
