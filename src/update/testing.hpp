// SPDX-License-Identifier: GPL-2.0-only
// Testing facility: what a test asks of an update. Only a supervisor started with NAP_TESTING=1 listens to
// faults; a guest cannot reach it. docs/testing.md lists kinds and points.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace nap::update {

struct Testing {
    std::string fault;              // POINT, or KIND:POINT; empty: none
    bool hash_user_memory = false;  // hash U at the stop and before the older kernel goes on, and compare
    std::chrono::milliseconds time_limit{0};  // of each call to a guest, instead of the usual ones; 0: those
    int kills = 10;                           // of the fault older-criu-killed-often,
    std::uint64_t seed = 1;                   // at instants that follow from this
    bool measure_copying = false;             // after the update: what copying the same pages would have cost
};

}  // namespace nap::update
