// SPDX-License-Identifier: GPL-2.0-only
#include "agent/contexts/program_files.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <set>

#include "agent/calls/paths.hpp"
#include "agent/check/files/deleted_files.hpp"
#include "agent/files/hidden_names.hpp"
#include "agent/userland/tasks.hpp"
#include "base/fd.hpp"
#include "base/number.hpp"
#include "base/text.hpp"
#include "base/units.hpp"

namespace nap::agent {

using channel::Call;
using channel::Json;

namespace {

constexpr std::size_t kMostParts = 512;
constexpr std::uint64_t kMostBytes = 32 * kMiB;  // of the newer kernel's own memory
constexpr std::uint64_t kGap = 8;                // pages

std::optional<std::uint64_t> hexadecimal(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

// "7f12a000-7f12b000 r-xp 00002000 fe:01 1234                 /usr/lib/x.so"
std::optional<MappedPart> part_of(std::string_view line) {
    const std::string range(line.substr(0, line.find(' ')));
    const auto begin = hexadecimal(take_until(line, '-')), end = hexadecimal(take_until(line, ' '));
    const auto permissions = take_until(line, ' ');
    const auto offset = hexadecimal(take_until(line, ' '));
    take_until(line, ' ');  // device
    const auto inode = take_until(line, ' ');
    if (!begin || !end || !offset || *end <= *begin || !permissions.ends_with('p') || inode == "0")
        return std::nullopt;
    line.remove_prefix(std::min(line.find('/'), line.size()));
    if (line.empty()) return std::nullopt;
    if (!line.ends_with(" (deleted)")) return MappedPart{{std::string(line), *offset, *end - *begin}, ""};
    const auto number = parse_number<std::uint64_t>(inode);
    if (!is_deleted(line) || !number) return std::nullopt;
    return MappedPart{{hidden_name(*number), *offset, *end - *begin}, range};
}

// As the older kernel has it; nothing where it is no file of the root disk, or shorter.
std::vector<FilePart> resident(const FilePart& whole, const std::string& place, bool follow) {
    struct stat root {
    }, status{};
    const auto file = open_file(place, O_RDONLY | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW));
    if (!file || ::stat(kRoot, &root) != 0 || ::fstat(file->get(), &status) != 0) return {};
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (!S_ISREG(status.st_mode) || status.st_dev != root.st_dev || whole.offset >= size) return {};
    const auto length = std::min({whole.bytes, size - whole.offset, kMostBytes});
    void* at = ::mmap(nullptr, length, PROT_READ, MAP_PRIVATE, file->get(), static_cast<off_t>(whole.offset));
    if (at == MAP_FAILED) return {};
    std::vector<unsigned char> pages((length + kPageSize - 1) / kPageSize);
    const bool known = ::mincore(at, length, pages.data()) == 0;
    ::munmap(at, length);
    return known ? resident_parts(whole, pages) : std::vector<FilePart>{};
}

std::optional<FilePart> part_from(const Json& json) {
    if (!json.is_array() || json.size() != 3 || !json[0].is_string() || !json[1].is_number_unsigned() ||
        !json[2].is_number_unsigned())
        return std::nullopt;
    FilePart part{json[0].get<std::string>(), json[1].get<std::uint64_t>(), json[2].get<std::uint64_t>()};
    if (!part.path.starts_with('/') || part.path.contains('\0') || part.bytes > kMostBytes)
        return std::nullopt;
    return part;
}

}  // namespace

std::vector<MappedPart> mapped_parts(std::string_view maps) {
    std::vector<MappedPart> parts;
    while (!maps.empty())
        if (auto part = part_of(take_until(maps, '\n'))) parts.push_back(std::move(*part));
    return parts;
}

std::vector<FilePart> resident_parts(const FilePart& whole, std::span<const unsigned char> pages) {
    std::vector<FilePart> parts;
    for (std::uint64_t page = 0; page < pages.size(); ++page) {
        if ((pages[page] & 1) == 0) continue;
        const auto offset = whole.offset + page * kPageSize;
        if (parts.empty() || offset > parts.back().offset + parts.back().bytes + kGap * kPageSize)
            parts.push_back({whole.path, offset, 0});
        parts.back().bytes = offset + kPageSize - parts.back().offset;
    }
    return parts;
}

Result<Json> program_files(Agent&, const Json&, Call&) {
    std::set<FilePart> seen;
    Json parts = Json::array();
    std::uint64_t bytes = 0;
    for (const Task& task : list_tasks()) {
        const std::string process = "/proc/" + std::to_string(task.host_pid);
        const auto maps = read_file(process + "/maps");
        if (!maps) continue;  // it has ended
        for (const auto& [mapped, range] : mapped_parts(*maps)) {
            if (!seen.insert(mapped).second) continue;
            const auto place = range.empty() ? kRoot + mapped.path : process + "/map_files/" + range;
            for (const auto& part : resident(mapped, place, !range.empty())) {
                bytes += part.bytes;
                if (parts.size() == kMostParts || bytes > kMostBytes) return Json{{"parts", parts}};
                parts.push_back({part.path, part.offset, part.bytes});
            }
        }
    }
    return Json{{"parts", parts}};
}

Result<Json> read_ahead(Agent&, const Json& params, Call&) {
    const auto parts = params.find("parts");
    if (parts == params.end() || !parts->is_array() || parts->size() > kMostParts)
        return fail(ErrorKind::usage, "the parameter \"parts\" must be a list of parts of files");
    std::uint64_t bytes = 0;
    for (const Json& each : *parts) {
        const auto part = part_from(each);
        if (!part) return fail(ErrorKind::usage, "a part to read ahead must be a path, an offset and bytes");
        const auto file = open_file(kRoot + part->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
        if (!file || ::posix_fadvise(file->get(), static_cast<off_t>(part->offset),
                                     static_cast<off_t>(part->bytes), POSIX_FADV_WILLNEED) != 0)
            continue;
        bytes += part->bytes;
    }
    return Json{{"bytes", bytes}};
}

}  // namespace nap::agent
