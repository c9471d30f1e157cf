// SPDX-License-Identifier: GPL-2.0-only
// Debian control paragraphs (deb-control(5)): what a package says of itself, in a .deb and in apt's answers.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace nap::kernel {

struct Paragraph {
    std::map<std::string, std::string> fields;  // continuation lines joined by '\n'

    [[nodiscard]] std::string get(const std::string& field) const;  // empty where there is none
    // Names in Depends, of each only the first alternative, without versions.
    [[nodiscard]] std::vector<std::string> depends() const;
};

std::vector<Paragraph> parse_control(std::string_view text);

}  // namespace nap::kernel
