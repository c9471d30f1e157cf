// SPDX-License-Identifier: GPL-2.0-only
#include "agent/undo/parasite.hpp"

#include <sys/stat.h>

#include <charconv>
#include <filesystem>
#include <string>

#include "agent/calls/paths.hpp"
#include "base/fd.hpp"
#include "base/number.hpp"

namespace nap::agent {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kMemoryName = "/memfd:CRIUMFD (deleted)";  // MEMFD_FNAME in compel

bool same_file(const fs::path& path, const struct stat& wanted) {
    struct stat found {};
    return ::stat(path.c_str(), &found) == 0 && found.st_ino == wanted.st_ino &&
           found.st_dev == wanted.st_dev;
}

}  // namespace

std::vector<Parasite::Area> parasite_areas(std::string_view maps) {
    std::vector<Parasite::Area> areas;
    while (!maps.empty()) {
        const std::string_view line = maps.substr(0, maps.find('\n'));
        maps.remove_prefix(std::min(maps.size(), line.size() + 1));
        if (!line.ends_with(kMemoryName)) continue;
        Parasite::Area area{};
        const char* const end = line.data() + line.size();
        const auto begun = std::from_chars(line.data(), end, area.begin, 16);
        if (begun.ec != std::errc{} || begun.ptr == end || *begun.ptr != '-') continue;
        if (std::from_chars(begun.ptr + 1, end, area.end, 16).ec == std::errc{}) areas.push_back(area);
    }
    return areas;
}

Result<Parasite> find_parasite(pid_t process, std::optional<int> first_free) {
    const fs::path proc = "/proc/" + std::to_string(process);
    NAP_TRY(const std::string maps, read_file(proc / "maps"));
    Parasite parasite{.areas = parasite_areas(maps), .descriptors = {}};
    struct stat log {};
    const bool logs = ::stat(kCriuLog, &log) == 0;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(proc / "fd", error)) {
        const int number = leading_number<int>(entry.path().filename().native());
        const std::string target = fs::read_symlink(entry.path(), error);
        const bool socket = number == first_free && target.starts_with("socket:");
        if (socket || target == kMemoryName || (logs && same_file(entry.path(), log)))
            parasite.descriptors.push_back(number);
    }
    return parasite;
}

}  // namespace nap::agent
