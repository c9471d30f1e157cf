// SPDX-License-Identifier: GPL-2.0-only
// CRIU's page map image: which pages of a process its images carry (criu/include/magic.h,
// images/pagemap.proto, criu/pagemap.c; protobuf's wire format: protobuf.dev/programming-guides/encoding).
#include <optional>
#include <string>

#include "context/carried.hpp"
#include "context/hex.hpp"
#include "context/protobuf.hpp"

namespace nap::context {

namespace {
constexpr std::uint32_t kImageMagic = 0x5456'4319, kPagemapMagic = 0x5608'4025;
constexpr std::uint64_t kInParent = 1, kLazy = 2, kPresent = 4;  // PE_PARENT, PE_LAZY, PE_PRESENT

std::unexpected<Error> malformed(const std::string& why) {
    return fail(ErrorKind::protocol, "Reading CRIU's page map failed: " + why + ".");
}

struct Entry {  // pagemap_entry
    std::optional<std::uint64_t> address, compat_pages, pages, flags;
    std::uint64_t in_parent = 0;
};

std::optional<Entry> read_entry(std::span<const std::byte> message) {
    Entry entry;
    const bool whole = read_fields(
        message,
        [&entry](std::uint64_t field, std::uint64_t value) {
            if (field == 1) entry.address = value;
            if (field == 2) entry.compat_pages = value & 0xffff'ffff;
            if (field == 3) entry.in_parent = value;
            if (field == 4) entry.flags = value & 0xffff'ffff;
            if (field == 5) entry.pages = value;  // since CRIU 4.2
        },
        [](std::uint64_t, std::span<const std::byte>) {});
    if (!whole) return std::nullopt;
    return entry;
}

// The range if its contents are in the image.
Result<std::optional<AddressRange>> carried_range(const Entry& entry) {
    if (!entry.address) return malformed("an entry has no address");
    const auto pages = entry.pages ? entry.pages : entry.compat_pages;
    if (!pages) return malformed("the entry at " + hex(*entry.address) + " has no size");
    const auto flags = entry.flags.value_or(kPresent);
    if (entry.in_parent != 0 || (flags & kInParent) != 0)
        return malformed("the entry at " + hex(*entry.address) + " refers to a parent image");
    // CRIU marks all it could send later as lazy; what it has written nevertheless is present as well.
    if ((flags & kLazy) != 0 && (flags & kPresent) == 0)
        return malformed("the contents of the entry at " + hex(*entry.address) + " are not in the image");
    if ((flags & ~(kLazy | kPresent)) != 0)
        return malformed("the entry at " + hex(*entry.address) + " has unknown flags " + hex(flags));
    if ((flags & kPresent) == 0) return std::nullopt;
    return AddressRange{{*entry.address}, *pages};
}
}  // namespace

Result<std::vector<AddressRange>> read_criu_pagemap(std::span<const std::byte> image) {
    Bytes bytes(image);
    if (bytes.word() != kImageMagic || bytes.word() != kPagemapMagic)
        return malformed("it does not start with the magic numbers of a page map");
    if (!bytes.message()) return malformed("its head is cut off");
    std::vector<AddressRange> ranges;
    while (!bytes.empty()) {
        const auto message = bytes.message();
        const auto entry = message ? read_entry(*message) : std::nullopt;
        if (!entry) return malformed("an entry is cut off or malformed");
        NAP_TRY(const auto range, carried_range(*entry));
        if (!range) continue;
        if (!range->in_user_space() || (!ranges.empty() && range->first < ranges.back().end()))
            return malformed("the entry at " + hex(range->first.value) + " of " +
                             std::to_string(range->pages) +
                             " pages is misaligned, out of order or out of range");
        if (!ranges.empty() && ranges.back().end() == range->first)
            ranges.back().pages += range->pages;
        else
            ranges.push_back(*range);
    }
    return ranges;
}

}  // namespace nap::context
