// SPDX-License-Identifier: GPL-2.0-only
// Random page maps, and what carries parts of them, for property tests.
#pragma once

#include <map>
#include <random>
#include <utility>

#include "context/carried.hpp"
#include "context/page_map.hpp"

namespace nap::context {

inline constexpr FrameRange kTestUser{{0x10'0000}, 8192}, kTestKernel{{0}, 2048};

struct RandomMap {
    PageMap map;
    Carried carried;

    explicit RandomMap(std::uint64_t seed) {
        std::mt19937_64 random(seed);
        const auto below = [&](std::uint64_t limit) { return random() % limit; };
        for (std::int32_t pid = 1; pid <= static_cast<std::int32_t>(1 + below(4)); ++pid) {
            TaskMap task{pid, pid + 100, "task", {}};
            std::uint64_t page = 0x1000 + below(1000);
            for (auto pieces = below(12); pieces > 0; --pieces) {
                const bool huge = below(3) == 0;
                if (huge) page = (page + 511) / 512 * 512;
                const auto& in = below(5) == 0 ? kTestKernel : kTestUser;
                const auto pages = huge ? 512 * (1 + below(2)) : 1 + below(600);
                auto frame = in.first.value + below(in.pages - pages + 1);
                if (huge) frame = frame / 512 * 512;
                task.mappings.push_back({{page * kPageSize}, {frame}, pages, huge});
                page += pages + (below(3) == 0 ? below(700) : 0);
            }
            std::uint64_t at = 0x1000;
            for (auto ranges = below(6); ranges > 0; --ranges) {
                at += below(1500);
                const auto pages = 1 + below(300);
                carried[pid].push_back({{at * kPageSize}, pages});
                at += pages;
            }
            map.tasks.push_back(std::move(task));
        }
    }

    // Page by page.
    using Pages = std::map<std::pair<std::int32_t, std::uint64_t>, std::uint64_t>;  // pid, address: frame
    [[nodiscard]] static Pages pages_of(const PageMap& map) {
        Pages pages;
        for (const auto& task : map.tasks)
            for (const auto& mapping : task.mappings)
                for (std::uint64_t i = 0; i < mapping.pages; ++i)
                    pages[{task.pid, mapping.address.value + i * kPageSize}] = mapping.frame.value + i;
        return pages;
    }
    [[nodiscard]] bool is_carried(std::int32_t pid, std::uint64_t address) const {
        const auto found = carried.find(pid);
        if (found == carried.end()) return false;
        for (const auto& range : found->second)
            if (address >= range.first.value && address < range.end().value) return true;
        return false;
    }
};

}  // namespace nap::context
