// SPDX-License-Identifier: GPL-2.0-only
#include "update/report.hpp"

namespace nap::update {

nlohmann::json to_json(const Report& report) {
    nlohmann::json out = {
        {"older_kernel", report.older_kernel},
        {"newer_kernel", report.newer_kernel},
        {"outcome", report.outcome},
        {"accelerator", report.accelerator},
        {"pause_ms", report.pause_ms},
        {"processes", report.processes},
        {"pages_total", report.pages_total},
        {"pages_adopted", report.pages_adopted},
        {"huge_pages_adopted", report.huge_pages_adopted},
        {"pages_shared", report.pages_shared},
        {"pages_spilled", report.pages_spilled},
        {"pages_carried", report.pages_carried},
        {"spilled_returned", report.spilled_returned},
        {"pages_released", report.pages_released},
        {"bytes_copied", report.bytes_copied},
        {"image_bytes", report.image_bytes},
        {"extra_memory_peak_bytes", report.extra_memory_peak_bytes},
        {"extra_memory_after_bytes", report.extra_memory_after_bytes},
        {"adopt_small_ns_per_page", report.adopt_small_ns_per_page},
        {"adopt_huge_ns_per_page", report.adopt_huge_ns_per_page},
        {"copy_ns_per_page", report.copy_ns_per_page},
        {"phases_ms", report.phases_ms},
        {"steps", report.steps},
        {"warnings", report.warnings},
    };
    if (!report.ends.empty()) out["ends"] = report.ends;
    if (!report.error.empty()) out["error"] = report.error;
    if (report.user_memory_unchanged) out["user_memory_unchanged"] = *report.user_memory_unchanged;
    return out;
}

}  // namespace nap::update
