// SPDX-License-Identifier: GPL-2.0-only
#include "agent/carried/part_file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/fd.hpp"

namespace nap::agent {
namespace {

using channel::Json;

class PartFile : public testing::Test {
  protected:
    ~PartFile() override { std::filesystem::remove(file_); }
    std::filesystem::path file_ = testing::TempDir() + "part_file." + std::to_string(::getpid());
};

TEST_F(PartFile, KeepsWhatIsNoText) {
    const std::string bytes("\0\x7f\xff x", 5);
    const Json part = {{"list", {1, -2, true, nullptr}}, {"text", "\xff"}, {"bytes", to_binary(bytes)}};
    ASSERT_TRUE(write_part_file(file_, part));
    const auto again = read_part_file(file_);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(*again, part);
    EXPECT_EQ(from_binary(again->at("bytes")).value(), bytes);
    EXPECT_FALSE(from_binary(again->at("text")));
}

TEST_F(PartFile, OneThatIsCutShortIsAnError) {
    ASSERT_TRUE(write_part_file(file_, {{"text", "abc"}, {"bytes", to_binary("abc")}}));
    const std::string whole = read_file(file_).value();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        ASSERT_TRUE(replace_file(file_, whole.substr(0, size)));
        EXPECT_FALSE(read_part_file(file_)) << size;
    }
    ASSERT_TRUE(replace_file(file_, whole + "x"));
    EXPECT_FALSE(read_part_file(file_));
}

}  // namespace
}  // namespace nap::agent
