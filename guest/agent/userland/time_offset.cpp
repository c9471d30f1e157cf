// SPDX-License-Identifier: GPL-2.0-only
#include "agent/userland/time_offset.hpp"

#include <sstream>
#include <string>

#include "agent/userland/tasks.hpp"
#include "base/fd.hpp"

namespace nap::agent {

std::optional<std::int64_t> parse_time_offset(std::string_view offsets) {
    std::istringstream lines{std::string(offsets)};
    std::string clock;
    for (std::int64_t seconds = 0, ns = 0; lines >> clock >> seconds >> ns;)
        if (clock == "monotonic") return seconds * 1'000'000'000 + ns;
    return std::nullopt;
}

Result<std::int64_t> userland_time_offset() {
    const auto init = find_init();
    if (!init) return 0;
    const std::string path = "/proc/" + std::to_string(init->host_pid) + "/timens_offsets";
    NAP_TRY(const std::string offsets, read_file(path));
    if (const auto offset = parse_time_offset(offsets)) return *offset;
    return fail(ErrorKind::guest, path + " does not tell the offset of CLOCK_MONOTONIC");
}

}  // namespace nap::agent
