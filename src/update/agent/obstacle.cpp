// SPDX-License-Identifier: GPL-2.0-only
#include "update/agent/obstacle.hpp"

#include <spdlog/fmt/fmt.h>

#include <string_view>

namespace nap::update {

namespace {

bool is_upper(char character) {
    return character >= 'A' && character <= 'Z';
}

std::string on_one_line(std::string text) {
    for (char& character : text)
        if (character == '\n' || character == '\t') character = ' ';
    return text;
}

// A sentence of its own, to be a part of one. Names in capitals (CRIU) stay as they are.
std::string part(std::string_view text) {
    std::string part = on_one_line(std::string(text.substr(0, text.find_last_not_of(". \t\n") + 1)));
    const bool capitals = part.size() > 1 && is_upper(part[1]);
    if (!part.empty() && is_upper(part[0]) && !capitals) part[0] = static_cast<char>(part[0] - 'A' + 'a');
    return part;
}

std::string owner(const Obstacle& obstacle) {
    const auto process = obstacle.pid != 0 ? fmt::format("PID {}", obstacle.pid) : "";
    if (obstacle.name.empty() || process.empty()) return on_one_line(obstacle.name) + process;
    return fmt::format("{} ({})", on_one_line(obstacle.name), process);
}

}  // namespace

std::string sentence(const Obstacle& obstacle) {
    std::string text = owner(obstacle);
    auto add = [&text](std::string_view separator, const std::string& more) {
        if (more.empty()) return;
        if (!text.empty()) text += separator;
        text += more;
    };
    add(": ", part(obstacle.what));
    add(": ", part(obstacle.why));
    add("; ", part(obstacle.advice));
    return text;
}

}  // namespace nap::update
