// SPDX-License-Identifier: GPL-2.0-only
//   guest-compare snapshot FILE        in the machine, before and after an update
//   guest-compare differences A B      one line each; exit status 1 where there are any
#include <fstream>
#include <iostream>
#include <sstream>

#include "compare.hpp"

namespace {

std::string content_of(const char* path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace

int main(int argc, char** argv) {
    const std::string verb = argc > 1 ? argv[1] : "";
    if (verb == "snapshot" && argc == 3) {
        const std::string text = compare::to_text(compare::take_snapshot());
        std::ofstream file(argv[2], std::ios::binary | std::ios::trunc);
        return file << text << std::flush ? 0 : 2;
    }
    if (verb == "differences" && argc == 4) {
        const auto before = compare::from_text(content_of(argv[2])),
                   after = compare::from_text(content_of(argv[3]));
        const auto lines = compare::differences(before, after);
        for (const auto& line : lines) std::cout << line << "\n";
        std::cout << before.size() << " fields before, " << after.size() << " after, " << lines.size()
                  << " differences\n";
        return lines.empty() && !before.empty() ? 0 : 1;
    }
    std::cerr << "usage: guest-compare snapshot FILE | differences BEFORE AFTER\n";
    return 2;
}
