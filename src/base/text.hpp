// SPDX-License-Identifier: GPL-2.0-only
// Texts that are taken apart from their beginning.
#pragma once

#include <algorithm>
#include <string_view>

namespace nap {

// What `rest` has before the first `end`, or all of it; taken off it, `end` too.
inline std::string_view take_until(std::string_view& rest, char end) {
    const auto taken = rest.substr(0, rest.find(end));
    rest.remove_prefix(std::min(taken.size() + 1, rest.size()));
    return taken;
}

}  // namespace nap
