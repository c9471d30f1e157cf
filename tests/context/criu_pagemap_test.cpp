// SPDX-License-Identifier: GPL-2.0-only
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "context/carried.hpp"
#include "tests/context/criu_image.hpp"

namespace nap::context {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t kParent = 1, kLazy = 2, kPresent = 4;

std::vector<AddressRange> ranges(const CriuImage& image) {
    const auto read = read_criu_pagemap(image.bytes());
    EXPECT_TRUE(read) << read.error().message;
    return read.value_or(std::vector<AddressRange>{});
}
std::string error(const CriuImage& image) {
    const auto read = read_criu_pagemap(image.bytes());
    return read ? "" : read.error().message;
}

TEST(CriuPagemap, ReadsWhatIsPresent) {
    EXPECT_THAT(ranges(CriuImage{}), IsEmpty());
    CriuImage image;
    image.entry(0x1000, 2, kPresent).entry(0x3000, 1, kPresent | kLazy).entry(0x5000, 1, 0);
    image.entry(0x7fff'0000'0000, 300, kPresent);
    EXPECT_THAT(ranges(image), ElementsAre(AddressRange{{0x1000}, 3}, AddressRange{{0x7fff'0000'0000}, 300}));
}

TEST(CriuPagemap, TakesAbsentFlagsForPresent) {
    CriuImage::Bytes entry;
    CriuImage::field(entry, 1, 0x1000);
    CriuImage::field(entry, 2, 7);
    CriuImage image;
    image.message(entry);
    EXPECT_THAT(ranges(image), ElementsAre(AddressRange{{0x1000}, 7}));
}

TEST(CriuPagemap, PrefersTheWidePageCount) {
    CriuImage::Bytes entry;
    CriuImage::field(entry, 1, 0x1000);
    CriuImage::field(entry, 2, 0);
    CriuImage::field(entry, 5, 1ULL << 33);
    CriuImage image;
    image.message(entry);
    EXPECT_THAT(ranges(image), ElementsAre(AddressRange{{0x1000}, 1ULL << 33}));
}

TEST(CriuPagemap, PassesOverUnknownFields) {
    CriuImage::Bytes entry;
    CriuImage::field(entry, 1, 0x1000);
    CriuImage::field(entry, 2, 7);
    CriuImage::field(entry, 9, 77);
    entry.insert(entry.end(), {10 << 3 | 2, 3, 1, 2, 3});              // bytes
    entry.insert(entry.end(), {11 << 3 | 1, 1, 2, 3, 4, 5, 6, 7, 8});  // 64 bits
    entry.insert(entry.end(), {12 << 3 | 5, 1, 2, 3, 4});              // 32 bits
    CriuImage image;
    image.message(entry);
    EXPECT_THAT(ranges(image), ElementsAre(AddressRange{{0x1000}, 7}));
}

TEST(CriuPagemap, RefusesContentsThatAreElsewhere) {
    EXPECT_THAT(error(CriuImage{}.entry(0x1000, 1, kParent)), HasSubstr("parent"));
    EXPECT_THAT(error(CriuImage{}.entry(0x1000, 1, kLazy)), HasSubstr("not in the image"));
    EXPECT_THAT(error(CriuImage{}.entry(0x1000, 1, 8)), HasSubstr("unknown flags"));
    CriuImage::Bytes entry;
    CriuImage::field(entry, 1, 0x1000);
    CriuImage::field(entry, 2, 7);
    CriuImage::field(entry, 3, 1);
    EXPECT_THAT(error(CriuImage{}.message(entry)), HasSubstr("parent"));
}

TEST(CriuPagemap, RefusesRangesNoProcessHas) {
    EXPECT_THAT(error(CriuImage{}.entry(0x1001, 1, kPresent)), HasSubstr("misaligned"));
    EXPECT_THAT(error(CriuImage{}.entry(0x1000, 0, kPresent)), HasSubstr("0x1000"));
    EXPECT_THAT(error(CriuImage{}.entry(1ULL << 56, 1, kPresent)), HasSubstr("out of range"));
    EXPECT_THAT(error(CriuImage{}.entry((1ULL << 56) - 0x1000, 2, kPresent)), HasSubstr("out of range"));
    EXPECT_THAT(error(CriuImage{}.entry(0x3000, 2, kPresent).entry(0x4000, 1, kPresent)),
                HasSubstr("out of order"));
}

TEST(CriuPagemap, RefusesMalformedMessages) {
    EXPECT_THAT(error(CriuImage{}.message({0x08})), HasSubstr("cut off or malformed"));
    EXPECT_THAT(error(CriuImage{}.message({0x0b})), HasSubstr("cut off or malformed"));
    EXPECT_THAT(error(CriuImage{}.message({})), HasSubstr("no address"));
    EXPECT_THAT(error(CriuImage{}.message({0x08, 0x80, 0x20})), HasSubstr("no size"));
    EXPECT_THAT(
        error(CriuImage{}.message({0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})),
        HasSubstr("malformed"));
    EXPECT_FALSE(read_criu_pagemap({}));
}

TEST(CriuPagemap, SurvivesTruncationAndChange) {
    CriuImage image;
    for (std::uint64_t i = 0; i < 20; ++i) image.entry(0x10000 * (i + 1), i + 1, kPresent);
    const auto& bytes = image.bytes();
    for (std::size_t size = 0; size < bytes.size(); ++size)
        if (const auto read = read_criu_pagemap(std::span(bytes).first(size))) {
            EXPECT_LT(read->size(), 20U);
        }
    std::mt19937 random(5);
    for (int round = 0; round < 20'000; ++round) {
        auto changed = bytes;
        for (int i = 0; i < 3; ++i) changed[random() % changed.size()] = static_cast<std::byte>(random());
        if (const auto read = read_criu_pagemap(changed)) {
            EXPECT_TRUE(check(Carried{{1, *read}}));
        }
    }
}

}  // namespace
}  // namespace nap::context
