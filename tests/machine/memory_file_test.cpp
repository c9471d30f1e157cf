// SPDX-License-Identifier: GPL-2.0-only
// Memory files, and the room for them.
#include "machine/memory_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "base/fd.hpp"
#include "base/units.hpp"
#include "machine/definition/user.hpp"
#include "tests/machine/scratch.hpp"

namespace nap::machine {
namespace {

const uid_t kOwner = ::geteuid() == 0 ? user_of("/lib/machines/web") : ::geteuid();

TEST(MemoryFile, IsSparsePrivateAndOfTheSizeAsked) {
    test::Scratch scratch("/dev/shm");
    auto path = scratch.path / "u";
    auto file = create_memory_file(path, 8 * kGiB, kOwner);
    ASSERT_TRUE(file) << file.error().message;
    struct stat status {};
    ASSERT_EQ(::fstat(file->get(), &status), 0);
    EXPECT_EQ(status.st_size, static_cast<off_t>(8 * kGiB));
    EXPECT_EQ(status.st_blocks, 0);
    EXPECT_EQ(status.st_mode & 07777, 0600U);
    EXPECT_EQ(status.st_uid, kOwner);
}

TEST(MemoryFile, ReplacesWhatWasLeftBehind) {
    test::Scratch scratch("/dev/shm");
    auto path = scratch.path / "k-1";
    auto before = create_memory_file(path, kMiB, kOwner);
    ASSERT_TRUE(before);
    ASSERT_EQ(::pwrite(before->get(), "old", 3, 0), 3);
    auto after = create_memory_file(path, kMiB, kOwner);
    ASSERT_TRUE(after);
    char bytes[3] = {1, 1, 1};
    ASSERT_EQ(::pread(after->get(), bytes, 3, 0), 3);
    EXPECT_EQ(bytes[0] | bytes[1] | bytes[2], 0);
    ASSERT_EQ(::pread(before->get(), bytes, 3, 0), 3);
    EXPECT_EQ(std::string(bytes, 3), "old");
}

TEST(MemoryFile, MustNotLieOnADisk) {
    auto file = create_memory_file("/proc/u", kMiB, kOwner);
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().kind, ErrorKind::usage);
    EXPECT_EQ(create_memory_file("/nowhere/at/all", kMiB, kOwner).error().kind, ErrorKind::not_found);
}

TEST(MemoryFile, NeedsRoomOnTheHost) {
    EXPECT_TRUE(check_room("/dev/shm", 1 * kMiB));
    auto room = check_room("/dev/shm", 1ULL << 60);
    ASSERT_FALSE(room);
    EXPECT_EQ(room.error().kind, ErrorKind::resources);
    EXPECT_NE(room.error().message.find("available"), std::string::npos);
}

TEST(MemoryFile, GivesBackWhatNobodyNeeds) {
    const test::Scratch scratch("/dev/shm");
    const auto path = scratch.path / "u";
    const FrameRange whole{{1000}, 64};
    ASSERT_TRUE(replace_file(path, std::string(whole.pages * kPageSize, 'x')));
    const std::array given = {FrameRange{{1000}, 4}, FrameRange{{1032}, 32}};
    ASSERT_TRUE(give_back(path, whole, given));
    struct stat info {};
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    EXPECT_EQ(static_cast<std::uint64_t>(info.st_size), whole.pages * kPageSize);
    EXPECT_EQ(static_cast<std::uint64_t>(info.st_blocks) * 512, 28 * kPageSize);
    const auto content = read_file(path).value();
    EXPECT_EQ(content[4 * kPageSize - 1], '\0');
    EXPECT_EQ(content[4 * kPageSize], 'x');
    EXPECT_EQ(content[32 * kPageSize - 1], 'x');
    EXPECT_EQ(content[32 * kPageSize], '\0');
    const std::array outside = {FrameRange{{1063}, 2}};
    EXPECT_FALSE(give_back(path, whole, outside));
}

TEST(MemoryFile, ReadsMeminfo) {
    EXPECT_EQ(available_memory("MemTotal: 9 kB\nMemAvailable:    1024 kB\nBuffers: 3 kB\n"), kMiB);
    for (const char* bad :
         {"", "MemTotal: 1 kB", "XMemAvailable: 1 kB", "MemAvailable:", "MemAvailable: many",
          "MemAvailable: 99999999999999999999 kB", "MemAvailable: -1 kB"})
        EXPECT_FALSE(available_memory(bad)) << bad;
}

}  // namespace
}  // namespace nap::machine
