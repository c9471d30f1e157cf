// SPDX-License-Identifier: GPL-2.0-only
#include "base/fd.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

using namespace nap;

namespace {

bool is_open(int fd) {
    return ::fcntl(fd, F_GETFD) >= 0;
}

class Files : public testing::Test {
  protected:
    Files() {
        char name[] = "/tmp/nap-fd-XXXXXX";
        directory = ::mkdtemp(name);
    }
    ~Files() override { std::filesystem::remove_all(directory); }
    std::filesystem::path directory;
};

TEST(UniqueFd, ClosesMovesReleases) {
    int number = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    {
        UniqueFd first(number);
        UniqueFd second = std::move(first);
        EXPECT_FALSE(first);
        EXPECT_EQ(second.get(), number);
        second = std::move(second);
        EXPECT_TRUE(is_open(number));
    }
    EXPECT_FALSE(is_open(number));

    UniqueFd kept(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    number = kept.release();
    kept.reset();
    EXPECT_TRUE(is_open(number));
    ::close(number);
}

TEST_F(Files, OpenedOnesAreClosedOnExec) {
    auto fd = open_file("/dev/null", O_RDONLY);
    ASSERT_TRUE(fd);
    EXPECT_EQ(::fcntl(fd->get(), F_GETFD), FD_CLOEXEC);
    auto missing = open_file(directory / "missing", O_RDONLY);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
    EXPECT_NE(missing.error().message.find("missing"), std::string::npos);
}

TEST_F(Files, ReplaceWritesAsideWithItsMode) {
    auto path = directory / "file";
    ASSERT_TRUE(replace_file(path, "first"));
    ASSERT_TRUE(replace_file(path, "second", 0644));
    EXPECT_EQ(read_file(path), "second");
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0644u);
    EXPECT_FALSE(std::filesystem::exists(directory / "file.new"));
    EXPECT_FALSE(replace_file(directory / "no" / "file", "x"));
}

TEST_F(Files, WriteInPlaceNeedsTheFile) {
    EXPECT_FALSE(write_file(directory / "file", "x"));
    ASSERT_TRUE(replace_file(directory / "file", "abcdef"));
    ASSERT_TRUE(write_file(directory / "file", "ABC"));
    EXPECT_EQ(read_file(directory / "file"), "ABCdef");
}

TEST_F(Files, ReadIsBounded) {
    ASSERT_TRUE(replace_file(directory / "file", std::string(200'000, 'x')));
    EXPECT_EQ(read_file(directory / "file")->size(), 200'000u);
    EXPECT_EQ(read_file(directory / "file", 200'000)->size(), 200'000u);
    EXPECT_EQ(read_file(directory / "file", 199'999).error().kind, ErrorKind::protocol);
    EXPECT_FALSE(read_file("/proc/self/status")->empty());
}

TEST(WriteAll, FillsANonBlockingPipe) {
    auto pipe = make_pipe();
    ASSERT_TRUE(pipe);
    ::fcntl(pipe->write.get(), F_SETFL, O_NONBLOCK);
    std::size_t total = 0;
    std::thread reader([&] {
        char buffer[4096];
        for (ssize_t got; (got = ::read(pipe->read.get(), buffer, sizeof buffer)) > 0;)
            total += static_cast<std::size_t>(got);
    });
    EXPECT_TRUE(write_all(pipe->write.get(), std::string(1 << 20, 'x')));
    pipe->write.reset();
    reader.join();
    EXPECT_EQ(total, 1u << 20);
}

}  // namespace
