// SPDX-License-Identifier: GPL-2.0-only
#include "machine/qemu/console_log.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/fd.hpp"
#include "tests/machine/scratch.hpp"

namespace nap::machine {
namespace {

class ConsoleLog : public testing::Test {
  protected:
    void write(char filling, std::uint64_t size) const {
        std::ofstream(log_) << std::string(static_cast<std::size_t>(size), filling);
    }
    [[nodiscard]] bool older_exists() const { return std::filesystem::exists(older_console_log(log_)); }

    test::Scratch scratch_;
    std::filesystem::path log_ = scratch_.path / "console.log";
};

TEST_F(ConsoleLog, ThatIsShortOrMissingStays) {
    EXPECT_TRUE(bound_console_log(log_));
    write('a', kConsoleLogLimit);
    EXPECT_TRUE(bound_console_log(log_));
    EXPECT_EQ(std::filesystem::file_size(log_), kConsoleLogLimit);
    EXPECT_FALSE(older_exists());
}

TEST_F(ConsoleLog, ThatIsTooLongIsPutAsideAndOneIsKept) {
    for (char filling : {'a', 'b'}) {
        write(filling, kConsoleLogLimit + 1);
        EXPECT_TRUE(bound_console_log(log_));
        EXPECT_FALSE(std::filesystem::exists(log_));
        EXPECT_EQ(read_file(older_console_log(log_))->at(0), filling);
    }
}

TEST_F(ConsoleLog, ThatCannotBePutAsideSaysWhy) {
    write('a', kConsoleLogLimit + 1);
    std::filesystem::create_directory(older_console_log(log_));
    const auto bounded = bound_console_log(log_);
    ASSERT_FALSE(bounded);
    EXPECT_NE(bounded.error().message.find(log_.string()), std::string::npos);
}

TEST_F(ConsoleLog, ThatIsBeingWrittenToIsEmptiedAndItsLastPartKept) {
    EXPECT_TRUE(shorten_console_log(log_)) << "none yet";
    auto writer = open_file(log_, O_WRONLY | O_CREAT | O_APPEND);
    ASSERT_TRUE(writer);
    ASSERT_TRUE(write_all(writer->get(), std::string(4 * kConsoleLogLimit - 1, 'a')));
    ASSERT_TRUE(shorten_console_log(log_));
    EXPECT_EQ(std::filesystem::file_size(log_), 4 * kConsoleLogLimit - 1);
    ASSERT_TRUE(write_all(writer->get(), "bc"));
    ASSERT_TRUE(shorten_console_log(log_));
    EXPECT_EQ(std::filesystem::file_size(log_), 0U);
    const auto kept = read_file(older_console_log(log_));
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->size(), kConsoleLogLimit);
    EXPECT_TRUE(kept->ends_with("abc"));
    ASSERT_TRUE(write_all(writer->get(), "d"));
    EXPECT_EQ(*read_file(log_), "d");
}

}  // namespace
}  // namespace nap::machine
