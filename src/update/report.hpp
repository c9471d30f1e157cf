// SPDX-License-Identifier: GPL-2.0-only
// Report: what an update carried and what it cost; a line of the machine's history, the answer to `nap
// update`.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace nap::update {

struct Report {
    std::string older_kernel, newer_kernel;
    std::string outcome;                            // "updated", "rolled back" or "lost"
    std::string error;                              // not updated: why
    nlohmann::json ends = nlohmann::json::array();  // of generations that ended by themselves
    std::string accelerator;
    double pause_ms = 0;  // freeze of the older to thaw of the newer kernel
    std::uint64_t processes = 0;
    // Pages of 4 KiB.
    std::uint64_t pages_total = 0, pages_adopted = 0, huge_pages_adopted = 0;  // the latter in 2 MiB pages
    std::uint64_t pages_shared = 0, pages_spilled = 0, pages_carried = 0, spilled_returned = 0,
                  pages_released = 0;
    std::uint64_t bytes_copied = 0;  // of private memory that lay in U
    std::uint64_t image_bytes = 0;
    std::uint64_t extra_memory_peak_bytes = 0, extra_memory_after_bytes = 0;
    double adopt_small_ns_per_page = 0, adopt_huge_ns_per_page = 0, copy_ns_per_page = 0;  // per 4 KiB
    std::optional<bool>
        user_memory_unchanged;  // rolled back, and told to hash U: at the stop and before going on
    nlohmann::json phases_ms = nlohmann::json::object();
    nlohmann::json steps = nlohmann::json::array();
    std::vector<std::string> warnings;
};

nlohmann::json to_json(const Report& report);

}  // namespace nap::update
