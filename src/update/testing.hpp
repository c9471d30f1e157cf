// SPDX-License-Identifier: GPL-2.0-only
// Testing facility: an update can be told to fail at a named point and to hash U. Only a supervisor started
// with NAP_TESTING=1 listens to it; a guest cannot reach it. docs/testing.md lists the points.
#pragma once

#include <csignal>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace nap::update {

struct Testing {
    std::string fault;              // POINT to fail at, or kill:POINT to die at; empty: none
    bool hash_user_memory = false;  // hash U at the stop and before the older kernel goes on, and compare
    bool measure_copying = false;   // after the update: what copying the same pages would have cost

    [[nodiscard]] Result<> point(std::string_view name) const {
        constexpr std::string_view kKill = "kill:";
        if (fault.starts_with(kKill) && std::string_view(fault).substr(kKill.size()) == name)
            ::raise(SIGKILL);
        if (fault.empty() || fault != name) return {};
        return fail(ErrorKind::internal, "a fault was injected at " + std::string(name));
    }
};

}  // namespace nap::update
