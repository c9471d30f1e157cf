// SPDX-License-Identifier: GPL-2.0-only
#include "context/areas.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "context/protobuf.hpp"

namespace nap::context {

namespace {

constexpr std::uint32_t kImageMagic = 0x5456'4319, kMmMagic = 0x5749'2820;
constexpr std::uint64_t kVmas = 14, kStart = 1, kEnd = 2, kStatus = 7;  // fields of mm_entry and vma_entry
constexpr std::uint64_t kVdso = 1 << 3, kVvar = 1 << 12;                // VMA_AREA_VDSO, VMA_AREA_VVAR

std::unexpected<Error> malformed(const std::string& why) {
    return fail(ErrorKind::protocol, "Reading CRIU's memory areas failed: " + why + ".");
}

struct Area {
    AddressRange range;
    bool of_kernel = false;  // vdso or its data
};

std::optional<Area> read_area(std::span<const std::byte> message) {
    std::optional<std::uint64_t> start, end;
    std::uint64_t status = 0;
    const bool whole = read_fields(
        message,
        [&](std::uint64_t field, std::uint64_t value) {
            if (field == kStart) start = value;
            if (field == kEnd) end = value;
            if (field == kStatus) status = value;
        },
        [](std::uint64_t, std::span<const std::byte>) {});
    if (!whole || !start || !end || *end <= *start || *end % kPageSize != 0) return std::nullopt;
    return Area{{{*start}, (*end - *start) / kPageSize}, (status & (kVdso | kVvar)) != 0};
}

}  // namespace

Result<std::vector<AddressRange>> read_criu_areas(std::span<const std::byte> image) {
    Bytes bytes(image);
    if (bytes.word() != kImageMagic || bytes.word() != kMmMagic)
        return malformed("the image does not start with the magic numbers of a memory image");
    const auto message = bytes.message();
    if (!message) return malformed("the image is cut off");
    std::vector<AddressRange> areas;
    VirtualAddress end;
    bool good = true;
    const bool whole = read_fields(
        *message, [](std::uint64_t, std::uint64_t) {},
        [&](std::uint64_t field, std::span<const std::byte> content) {
            if (field != kVmas || !good) return;
            const auto area = read_area(content);
            if (!area || area->range.first < end) {
                good = false;
                return;
            }
            end = area->range.end();
            if (area->of_kernel || !area->range.in_user_space()) return;  // the latter: vsyscall
            if (!areas.empty() && areas.back().end() == area->range.first)
                areas.back().pages += area->range.pages;
            else
                areas.push_back(area->range);
        });
    if (!whole || !good) return malformed("an area is malformed or out of order");
    return areas;
}

Result<> leave_out_vdso(PageMap& map, const Areas& areas) {
    for (auto& task : map.tasks) {
        auto inside = split(task, areas);
        std::uint64_t outside = 0;
        for (const auto& mapping : inside.adopted) outside += mapping.pages;
        if (outside > kVdsoPages)
            return fail(ErrorKind::protocol, describe(task) + " has " + std::to_string(outside) +
                                                 " private pages outside of the areas CRIU recreates");
        if (outside == 0) continue;
        map.special_pages += outside;
        task.mappings = std::move(inside.carried);
    }
    return {};
}

}  // namespace nap::context
