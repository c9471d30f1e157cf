// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/package/control.hpp"

namespace nap::kernel {

namespace {

constexpr std::string_view kBlank = " \t\r\n";

std::string_view trim(std::string_view text) {
    auto begin = text.find_first_not_of(kBlank);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

// The part of `rest` before `separator`, which is taken off it.
std::string_view take(std::string_view& rest, char separator) {
    auto end = rest.find(separator);
    auto part = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    return part;
}

}  // namespace

std::string Paragraph::get(const std::string& field) const {
    auto found = fields.find(field);
    return found == fields.end() ? std::string() : found->second;
}

std::vector<std::string> Paragraph::depends() const {
    std::vector<std::string> names;
    const std::string all = get("Depends");
    for (std::string_view rest = all; !rest.empty();) {
        auto alternatives = take(rest, ',');
        auto first = trim(take(alternatives, '|'));
        auto name = first.substr(0, first.find_first_of(" (:\t\n"));
        if (!name.empty()) names.emplace_back(name);
    }
    return names;
}

std::vector<Paragraph> parse_control(std::string_view text) {
    std::vector<Paragraph> paragraphs;
    bool inside = false;
    std::string* last = nullptr;
    while (!text.empty()) {
        auto line = take(text, '\n');
        if (trim(line).empty()) {
            inside = false;
            last = nullptr;
        } else if (line.front() == ' ' || line.front() == '\t') {
            if (last) *last += '\n' + std::string(trim(line));
        } else if (auto colon = line.find(':'); colon != std::string_view::npos) {
            if (!inside) paragraphs.emplace_back();
            inside = true;
            last = &paragraphs.back().fields[std::string(line.substr(0, colon))];
            *last = trim(line.substr(colon + 1));
        }
    }
    return paragraphs;
}

}  // namespace nap::kernel
