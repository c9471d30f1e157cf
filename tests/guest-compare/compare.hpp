// SPDX-License-Identifier: GPL-2.0-only
// Which differences between two snapshots an update may make, and why; all others are defects.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "snapshot.hpp"

namespace compare {

// A file's field, a machine's whole update: PATTERN is looked for in the key, * stands for anything.
struct Exception {
    enum class May { differ, grow, come_and_go } may;
    std::string_view pattern;
    std::string_view why;
};

const std::vector<Exception>& exceptions();

bool matches(std::string_view pattern, std::string_view text);

// One line each: what is gone, what is new, what is another, what shrank.
std::vector<std::string> differences(const Snapshot& before, const Snapshot& after);

}  // namespace compare
