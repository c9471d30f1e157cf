// SPDX-License-Identifier: GPL-2.0-only
// What is handed to CRIU of memory areas' names, policies and seals.
#include "agent/areas/area_settings.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace nap::agent {
namespace {

SetArea area() {
    return {.host_pid = 100,
            .start = 0x7000,
            .end = 0x9000,
            .name = {},
            .policy = {},
            .sealed = false,
            .shared = false};
}

TEST(AreaSettings, EachSettingIsARecordOfItsOwn) {
    SetArea all = area();
    all.name = "glibc: malloc";
    all.policy = AreaPolicy{.mode = 2, .home = 1, .nodes = std::string("\x01\0", 2)};
    all.sealed = true;
    const std::string encoded = encode_area_settings(to_json(7, all));
    ASSERT_EQ(encoded.size(), 3 * 160U);
    std::uint64_t start = 0;
    std::memcpy(&start, encoded.data() + 8, sizeof start);
    EXPECT_EQ(encoded[0], 7);
    EXPECT_EQ(start, 0x7000U);
    EXPECT_STREQ(encoded.data() + 32, "glibc: malloc");
    EXPECT_EQ(encoded[160 + 24], 2);  // mode
    EXPECT_EQ(encoded[160 + 28], 1);  // home node
    EXPECT_EQ(encoded[160 + 32], 1);  // nodes
    EXPECT_EQ(encoded[320 + 4], 3);   // sealed
}

TEST(AreaSettings, WhatIsLongerThanARecordIsCut) {
    SetArea named = area();
    named.name = std::string(300, 'n');
    EXPECT_EQ(encode_area_settings(to_json(7, named)).size(), 160U);
    EXPECT_EQ(encode_area_settings(to_json(7, area())), "");
}

}  // namespace
}  // namespace nap::agent
