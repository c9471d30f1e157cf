// SPDX-License-Identifier: GPL-2.0-only
#include "base/mapped_file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "base/fd.hpp"

namespace nap {
namespace {

class MappedFileTest : public testing::Test {
  protected:
    MappedFileTest() { EXPECT_TRUE(replace_file(path, std::string(8 * 4096, 'x'))); }
    ~MappedFileTest() override { std::filesystem::remove(path); }
    const std::filesystem::path path =
        std::filesystem::path(testing::TempDir()) / ("mapped-" + std::to_string(::getpid()));
};

TEST_F(MappedFileTest, ShowsWhatTheFileHolds) {
    const auto mapped = MappedFile::open(path);
    ASSERT_TRUE(mapped);
    EXPECT_EQ(mapped->bytes().size(), 8 * 4096U);
    EXPECT_TRUE(std::ranges::all_of(mapped->bytes(), [](std::byte byte) { return byte == std::byte{'x'}; }));
}

// Whoever owns the file cuts it short while it is read.
TEST_F(MappedFileTest, ReadsZerosWhereTheFileWasCutOff) {
    const auto mapped = MappedFile::open(path);
    ASSERT_TRUE(mapped);
    ASSERT_EQ(::truncate(path.c_str(), 4096), 0);
    EXPECT_EQ(mapped->bytes()[4095], std::byte{'x'});
    const auto lost = mapped->bytes().subspan(4096);
    EXPECT_TRUE(std::ranges::all_of(lost, [](std::byte byte) { return byte == std::byte{0}; }));
}

TEST_F(MappedFileTest, ASlotIsFreeAgainWhenTheFileIsNoLongerMapped) {
    for (int times = 0; times < 100; ++times) ASSERT_TRUE(MappedFile::open(path)) << times;
}

TEST_F(MappedFileTest, ElsewhereABusErrorStillEndsTheProcess) {
    ASSERT_TRUE(MappedFile::open(path));
    EXPECT_EXIT(::raise(SIGBUS), testing::KilledBySignal(SIGBUS), "");
}

}  // namespace
}  // namespace nap
