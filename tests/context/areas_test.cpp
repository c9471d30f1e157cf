// SPDX-License-Identifier: GPL-2.0-only
#include "context/areas.hpp"

#include <gtest/gtest.h>

#include <string>

namespace nap::context {
namespace {

std::string varint(std::uint64_t value) {
    std::string out;
    for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
    return out + static_cast<char>(value);
}

std::string number(std::uint64_t field, std::uint64_t value) {
    return varint(field << 3) + varint(value);
}

std::string word(std::uint32_t value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::string area(std::uint64_t start, std::uint64_t end, std::uint64_t status = 1) {
    std::string entry = number(1, start) + number(2, end) + number(7, status);
    return varint(14 << 3 | 2) + varint(entry.size()) + entry;
}

std::string image(const std::string& areas) {
    std::string message = number(1, 0x400000) + areas + number(15, 1);
    return word(0x54564319) + word(0x57492820) + word(static_cast<std::uint32_t>(message.size())) + message;
}

Result<std::vector<AddressRange>> read(const std::string& bytes) {
    return read_criu_areas(std::as_bytes(std::span(bytes)));
}

TEST(Areas, AreReadAndAdjacentOnesAreOne) {
    auto areas = read(image(area(0x1000, 0x3000) + area(0x3000, 0x4000) + area(0x8000, 0x9000)));
    ASSERT_TRUE(areas) << areas.error().message;
    EXPECT_EQ(*areas, (std::vector<AddressRange>{{{0x1000}, 3}, {{0x8000}, 1}}));
}

TEST(Areas, LeaveOutTheVdsoAndVsyscall) {
    auto areas =
        read(image(area(0x1000, 0x2000) + area(0x2000, 0x4000, 1 | 1 << 3) + area(0x4000, 0x5000, 1 << 12) +
                   area(0xffffffffff600000, 0xffffffffff601000, 1 << 2)));
    ASSERT_TRUE(areas) << areas.error().message;
    EXPECT_EQ(*areas, (std::vector<AddressRange>{{{0x1000}, 1}}));
}

TEST(Areas, RefuseWhatIsMalformed) {
    EXPECT_FALSE(read(""));
    EXPECT_FALSE(read(word(0x54564319) + word(0x11111111)));
    EXPECT_FALSE(read(image(area(0x3000, 0x1000))));
    EXPECT_FALSE(read(image(area(0x3000, 0x4001))));
    EXPECT_FALSE(read(image(area(0x3000, 0x5000) + area(0x4000, 0x6000))));
    const std::string good = image(area(0x1000, 0x3000));
    for (std::size_t length = 0; length < good.size(); ++length) EXPECT_FALSE(read(good.substr(0, length)));
}

PageMap map_of(std::vector<Mapping> mappings) {
    PageMap map;
    map.tasks.push_back({7, 70, "init", std::move(mappings)});
    return map;
}

TEST(Areas, PagesOutsideAreTheVdsoAndLeaveTheMap) {
    auto map = map_of({{{0x1000}, {5}, 2}, {{0x32000}, {9}, 1}});
    ASSERT_TRUE(leave_out_vdso(map, {{7, {{{0x1000}, 4}}}}));
    EXPECT_EQ(map.tasks[0].mappings, (std::vector<Mapping>{{{0x1000}, {5}, 2}}));
    EXPECT_EQ(map.special_pages, 1u);
}

TEST(Areas, MoreThanAVdsoOutsideIsRefused) {
    auto map = map_of({{{0x1000}, {5}, kVdsoPages + 1}});
    EXPECT_FALSE(leave_out_vdso(map, {{7, {{{0x100000}, 4}}}}));
    EXPECT_FALSE(leave_out_vdso(map, {}));
}

}  // namespace
}  // namespace nap::context
