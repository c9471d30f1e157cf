// SPDX-License-Identifier: GPL-2.0-only
// CRIU's page map image: which pages of a process its images carry (criu/include/magic.h,
// images/pagemap.proto, criu/pagemap.c; protobuf's wire format: protobuf.dev/programming-guides/encoding).
#include <cstring>
#include <optional>
#include <string>

#include "context/carried.hpp"
#include "context/hex.hpp"

namespace nap::context {

namespace {
constexpr std::uint32_t kImageMagic = 0x5456'4319, kPagemapMagic = 0x5608'4025;
constexpr std::uint64_t kInParent = 1, kLazy = 2, kPresent = 4;  // PE_PARENT, PE_LAZY, PE_PRESENT

std::unexpected<Error> malformed(const std::string& why) {
    return fail(ErrorKind::protocol, "Reading CRIU's page map failed: " + why + ".");
}

// Takes bytes from the front; nothing once they do not suffice.
class Bytes {
  public:
    explicit Bytes(std::span<const std::byte> bytes) : left_(bytes) {}
    [[nodiscard]] bool empty() const { return left_.empty(); }

    std::optional<std::span<const std::byte>> take(std::uint64_t count) {
        if (count > left_.size()) return std::nullopt;
        const auto taken = left_.first(count);
        left_ = left_.subspan(count);
        return taken;
    }

    std::optional<std::uint32_t> word() {
        const auto bytes = take(4);
        if (!bytes) return std::nullopt;
        std::uint32_t value;
        std::memcpy(&value, bytes->data(), sizeof value);
        return value;
    }

    std::optional<std::uint64_t> varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const auto byte = take(1);
            if (!byte) return std::nullopt;
            const auto bits = std::to_integer<std::uint64_t>((*byte)[0]);
            value |= (bits & 0x7f) << shift;
            if ((bits & 0x80) == 0) return value;
        }
        return std::nullopt;
    }

  private:
    std::span<const std::byte> left_;
};

struct Entry {  // pagemap_entry
    std::optional<std::uint64_t> address, compat_pages, pages, flags;
    std::uint64_t in_parent = 0;
};

std::optional<Entry> read_entry(std::span<const std::byte> message) {
    Entry entry;
    for (Bytes bytes(message); !bytes.empty();) {
        const auto tag = bytes.varint();
        if (!tag || *tag >> 3 == 0) return std::nullopt;
        if ((*tag & 7) == 0) {
            const auto value = bytes.varint();
            if (!value) return std::nullopt;
            switch (*tag >> 3) {
                case 1:
                    entry.address = *value;
                    break;
                case 2:
                    entry.compat_pages = *value & 0xffff'ffff;
                    break;
                case 3:
                    entry.in_parent = *value;
                    break;
                case 4:
                    entry.flags = *value & 0xffff'ffff;
                    break;
                case 5:
                    entry.pages = *value;
                    break;  // since CRIU 4.2
                default:
                    break;
            }
            continue;
        }
        std::optional<std::uint64_t> size;  // of a field of another kind, passed over
        if ((*tag & 7) == 1) size = 8;
        if ((*tag & 7) == 2) size = bytes.varint();
        if ((*tag & 7) == 5) size = 4;
        if (!size || !bytes.take(*size)) return std::nullopt;
    }
    return entry;
}

std::optional<std::span<const std::byte>> next_message(Bytes& bytes) {
    const auto size = bytes.word();
    if (!size) return std::nullopt;
    return bytes.take(*size);
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
    if (!next_message(bytes)) return malformed("its head is cut off");
    std::vector<AddressRange> ranges;
    while (!bytes.empty()) {
        const auto message = next_message(bytes);
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
