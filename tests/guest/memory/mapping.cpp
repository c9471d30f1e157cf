// SPDX-License-Identifier: GPL-2.0-only
#include "memory/mapping.hpp"

#include <cstdint>
#include <cstring>
#include <sstream>
#include <vector>

#include "harness.hpp"

namespace guest {

namespace {
std::uintptr_t address_of(const void* pointer) {
    return reinterpret_cast<std::uintptr_t>(pointer);
}

bool parse_range(const std::string& line, std::uintptr_t& begin, std::uintptr_t& end) {
    char dash = 0;
    std::istringstream text(line);
    return static_cast<bool>(text >> std::hex >> begin >> dash >> end) && dash == '-';
}
}  // namespace

std::span<std::byte> map(std::size_t size, int protection, int flags, int fd, off_t offset, void* address) {
    void* at = mmap(address, size, protection, flags, fd, offset);
    if (at == MAP_FAILED) check(-1, "mmap");
    return {static_cast<std::byte*>(at), size};
}

std::span<std::byte> map_apart(std::size_t size, std::size_t alignment) {
    const auto room =
        map(size + 2 * alignment + kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
    const auto begin = (address_of(room.data()) + kPage + alignment - 1) / alignment * alignment;
    const auto range = room.subspan(begin - address_of(room.data()), size);
    check(mprotect(range.data(), size, PROT_READ | PROT_WRITE), "mprotect");
    return range;
}

namespace {
// What follows `field` for each VMA inside the range.
std::vector<std::string> smaps_fields(pid_t pid, std::span<const std::byte> range, const std::string& field) {
    std::istringstream smaps(read_text("/proc/" + std::to_string(pid) + "/smaps"));
    const auto first = address_of(range.data()), last = first + range.size();
    bool inside = false;
    std::vector<std::string> found;
    for (std::string line; std::getline(smaps, line);) {
        std::uintptr_t begin = 0, end = 0;
        if (parse_range(line, begin, end))
            inside = begin >= first && end <= last;
        else if (inside && line.starts_with(field + ":"))
            found.push_back(line.substr(field.size() + 1));
    }
    return found;
}
}  // namespace

std::size_t smaps_bytes(pid_t pid, std::span<const std::byte> range, const std::string& field) {
    std::size_t sum = 0;
    for (const auto& text : smaps_fields(pid, range, field)) sum += std::stoul(text) * 1024;
    return sum;
}

std::string smaps_text(pid_t pid, std::span<const std::byte> range, const std::string& field) {
    const auto found = smaps_fields(pid, range, field);
    require(found.size() == 1, found.size(), " areas have a ", field);
    const auto begin = found[0].find_first_not_of(' ');
    return begin == std::string::npos ? "" : found[0].substr(begin);
}

std::string smaps_flags(pid_t pid, std::span<const std::byte> range) {
    std::string flags;
    for (const auto& text : smaps_fields(pid, range, "VmFlags")) {
        std::istringstream words(text);
        for (std::string word; words >> word;)
            if (word != "sd") flags += " " + (word == "lf" ? "??" : word);  // older kernels name it so
        flags += ";";
    }
    return flags;
}

std::string layout_of(std::span<const std::byte> range) {
    std::istringstream maps(read_text("/proc/self/maps"));
    const auto first = address_of(range.data()), last = first + range.size();
    std::string layout;
    for (std::string line; std::getline(maps, line);) {
        std::uintptr_t begin = 0, end = 0;
        if (!parse_range(line, begin, end) || begin < first || end > last) continue;
        std::istringstream words(line);
        std::string bounds, permissions, offset;
        words >> bounds >> permissions >> offset;
        layout += bounds + " " + permissions + " " + offset + "\n";
    }
    return layout;
}

}  // namespace guest
