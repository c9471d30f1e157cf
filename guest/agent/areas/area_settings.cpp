// SPDX-License-Identifier: GPL-2.0-only
#include "agent/areas/area_settings.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "agent/carried/part_file.hpp"
#include "agent/contexts/criu.hpp"
#include "agent/kernel_memory/userland_pids.hpp"
#include "base/fd.hpp"

namespace nap::agent {

namespace {

using channel::Json;

enum Setting : std::uint32_t { kName = 1, kPolicy = 2, kSeal = 3 };

struct Encoded {  // CRIU's struct area_setting
    std::int32_t pid;
    std::uint32_t what;
    std::uint64_t start, end;
    std::int32_t mode, home;
    char data[128];
};
static_assert(sizeof(Encoded) == 160);

constexpr int kSetVma = 0x53564d41, kAnonymousName = 0;  // PR_SET_VMA, PR_SET_VMA_ANON_NAME
constexpr long kMseal = 462;
constexpr std::size_t kProbe = 4096;

// Whether this kernel takes names of such memory.
bool can_name(int kind) {
    void* const page = ::mmap(nullptr, kProbe, PROT_READ, kind | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return false;
    const bool named = ::prctl(kSetVma, kAnonymousName, page, kProbe, "nap") == 0;
    ::munmap(page, kProbe);
    return named;
}

bool has(const Json& captured, Setting what, bool shared = false) {
    return std::ranges::any_of(
        captured, [&](const Json& entry) { return entry.at(1) == what && (entry.at(4) == 1) == shared; });
}

}  // namespace

Json to_json(pid_t pid, const SetArea& area) {
    Json entries = Json::array();
    const auto entry = [&](Setting what, std::uint32_t mode, std::int32_t home, std::string_view data) {
        entries.push_back({pid, what, area.start, area.end, mode, home, to_binary(data)});
    };
    if (area.name) entry(kName, area.shared ? 1 : 0, -1, *area.name);
    if (area.policy) entry(kPolicy, area.policy->mode, area.policy->home, area.policy->nodes);
    if (area.sealed) entry(kSeal, 0, -1, "");
    return entries;
}

std::string encode_area_settings(const Json& captured) {
    std::string encoded;
    for (const Json& entry : captured) {
        Encoded setting{.pid = entry.at(0).get<std::int32_t>(),
                        .what = entry.at(1).get<std::uint32_t>(),
                        .start = entry.at(2).get<std::uint64_t>(),
                        .end = entry.at(3).get<std::uint64_t>(),
                        .mode = static_cast<std::int32_t>(entry.at(4).get<std::uint32_t>()),
                        .home = entry.at(5).get<std::int32_t>(),
                        .data = {}};
        const std::string data = from_binary(entry.at(6)).value_or("");
        data.copy(setting.data, sizeof setting.data);
        encoded.append(reinterpret_cast<const char*>(&setting), sizeof setting);
    }
    return encoded;
}

Result<> prepare_area_settings() {
    NAP_CHECK(AreaSearch::get());
    return {};
}

Result<Json> capture_area_settings(Agent&, const Task&) {
    NAP_TRY(const AreaSearch* search, AreaSearch::get());
    NAP_TRY(const auto areas, search->run());
    NAP_TRY(const UserlandPids pids, UserlandPids::look());
    Json captured = Json::array();
    for (const SetArea& area : areas) {
        const pid_t pid = pids.of(area.host_pid);
        if (pid == 0) continue;
        for (Json& entry : to_json(pid, area)) captured.push_back(std::move(entry));
    }
    return captured;
}

Result<> hand_area_settings_to_criu(Agent&, const Json& captured, Warnings& warnings) {
    if (captured.empty()) return {};
    if ((has(captured, kName) && !can_name(MAP_PRIVATE)) ||
        (has(captured, kName, true) && !can_name(MAP_SHARED)))
        warnings.push_back(
            "This kernel cannot name all memory areas that have a name in the older one: they "
            "are unnamed.");
    if (has(captured, kSeal) && ::syscall(kMseal, nullptr, 0, 0) != 0)
        warnings.push_back("This kernel cannot seal memory areas: those that were sealed are so no more.");
    NAP_TRY(const UniqueFd file, open_file(images_folder() / "area-settings", O_WRONLY | O_CREAT | O_TRUNC));
    return write_all(file.get(), encode_area_settings(captured));
}

}  // namespace nap::agent
