// SPDX-License-Identifier: GPL-2.0-only
// Page maps written out by hand.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "context/page_map.hpp"
#include "tests/context/random_map.hpp"

namespace nap::context {

inline constexpr std::uint64_t kU = kTestUser.first.value;  // the first frame of user memory

// Tasks 1, 2, ...: a list of mappings each.
inline PageMap map_of(std::vector<std::vector<Mapping>> tasks) {
    PageMap map;
    std::int32_t pid = 0;
    for (auto& mappings : tasks) {
        ++pid;
        map.tasks.push_back({pid, pid + 100, "task", std::move(mappings)});
    }
    return map;
}

}  // namespace nap::context
