// SPDX-License-Identifier: GPL-2.0-only
#include "context/criu_clocks.hpp"

#include <gtest/gtest.h>

#include <string>

namespace nap::context {
namespace {

using namespace std::string_literals;

std::string word(std::uint32_t value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::string image(const std::string& entry) {
    return word(0x5456'4319) + word(0x4311'4433) + word(static_cast<std::uint32_t>(entry.size())) + entry;
}

Result<std::int64_t> read(const std::string& bytes) {
    return read_criu_monotonic(std::as_bytes(std::span(bytes)));
}

// monotonic {5 s, 7 ns}, boottime {9 s, 1 ns}
const std::string kEntry = "\x0a\x04\x08\x05\x10\x07\x12\x04\x08\x09\x10\x01"s;

TEST(CriuClocks, TellsMonotonic) {
    EXPECT_EQ(read(image(kEntry)), 5'000'000'007);
}

TEST(CriuClocks, RefusesWhatIsNoneOfThem) {
    EXPECT_FALSE(read(""));
    EXPECT_FALSE(read(word(0x5456'4319) + word(0x5608'4025) + image(kEntry).substr(8)));
    EXPECT_FALSE(read(image("\x12\x04\x08\x09\x10\x01"s)));                  // boottime alone
    EXPECT_FALSE(read(image("\x0a\x02\x08\x05"s)));                          // no ns
    EXPECT_FALSE(read(image("\x0a\x08\x08\x05\x10\xff\xff\xff\xff\x0f"s)));  // more ns than a second has
    for (std::size_t size = 0; size < image(kEntry).size(); ++size)
        EXPECT_FALSE(read(image(kEntry).substr(0, size))) << size;
}

}  // namespace
}  // namespace nap::context
