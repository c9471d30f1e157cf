// SPDX-License-Identifier: GPL-2.0-only
// Parasite: what CRIU's code within a process leaves there when nobody cures it: its memory, and the
// descriptors of that, of its socket to CRIU and of CRIU's log.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace nap::agent {

struct Parasite {
    struct Area {
        std::uint64_t begin, end;
        bool operator==(const Area&) const = default;
    };
    std::vector<Area> areas;
    std::vector<int> descriptors;
    [[nodiscard]] bool gone() const { return areas.empty() && descriptors.empty(); }
};

// `first_free`: the number its first descriptor had, as far as CRIU came to know it.
Result<Parasite> find_parasite(pid_t process, std::optional<int> first_free);

// Of the contents of /proc/PID/maps. Pure.
std::vector<Parasite::Area> parasite_areas(std::string_view maps);

}  // namespace nap::agent
