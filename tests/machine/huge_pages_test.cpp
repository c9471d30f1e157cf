// SPDX-License-Identifier: GPL-2.0-only
// Memory files on 2 MiB pages of the host.
#include "machine/huge_pages.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "base/fd.hpp"
#include "machine/memory_file.hpp"
#include "tests/machine/scratch.hpp"

namespace nap::machine {
namespace {

constexpr FrameRange kWhole{{0x10'0000}, 4 * kHugePagePages};

constexpr std::string_view kSmaps =
    "7f0000000000-7f0020000000 rw-s 00000000 00:1b 7                          /dev/shm/nap/web/u\n"
    "Size:             524288 kB\n"
    "Rss:              100000 kB\n"
    "ShmemPmdMapped:    65536 kB\n"
    "FilePmdMapped:         0 kB\n"
    "Shared_Hugetlb:     2048 kB\n"
    "VmFlags: rd wr sh mr mw me ms\n"
    "7f0020000000-7f0040000000 rw-s 00000000 00:1b 8                          /dev/shm/nap/web/k-1\n"
    "ShmemPmdMapped:     4096 kB\n"
    "7f0040000000-7f0060000000 rw-s 00000000 00:1b 9                          /other/dev/shm/nap/web/u\n"
    "ShmemPmdMapped:     4096 kB\n"
    "7f0060000000-7f0060001000 rw-p 00000000 00:00 0\n"
    "ShmemPmdMapped:     4096 kB\n";

TEST(HugePages, AreCountedForOneFile) {
    EXPECT_EQ(mapped_by_huge_pages(kSmaps, "/dev/shm/nap/web/u"), 66 * kMiB);
    EXPECT_EQ(mapped_by_huge_pages(kSmaps, "/dev/shm/nap/web/k-1"), 4 * kMiB);
    EXPECT_EQ(mapped_by_huge_pages(kSmaps, "/dev/shm/nap/web"), 0U);
    EXPECT_EQ(mapped_by_huge_pages("", "/dev/shm/nap/web/u"), 0U);
    EXPECT_EQ(mapped_by_huge_pages("ShmemPmdMapped: x\nShmemPmdMapped:", "u"), 0U);
}

std::uint64_t allocated(int fd) {
    struct stat status {};
    EXPECT_EQ(::fstat(fd, &status), 0);
    return static_cast<std::uint64_t>(status.st_blocks) * 512;
}

// The first block full, the second all but one page, the third with one page, the fourth without.
class GatheredFile : public testing::Test {
  protected:
    void SetUp() override {
        auto file = create_memory_file(path_, kWhole.pages * kPageSize, ::geteuid());
        ASSERT_TRUE(file) << file.error().message;
        file_ = std::move(*file);
        for (std::uint64_t page = 0; page <= 1024; ++page)
            if (page != kHole) write(page, page + 1);
    }
    void write(std::uint64_t page, std::uint64_t what) {
        EXPECT_EQ(::pwrite(file_.get(), &what, sizeof what, static_cast<off_t>(page * kPageSize)), 8);
    }
    std::uint64_t at(std::uint64_t page) {
        std::uint64_t what = 0;
        EXPECT_EQ(::pread(file_.get(), &what, sizeof what, static_cast<off_t>(page * kPageSize)), 8);
        return what;
    }

    static constexpr std::uint64_t kHole = 700;
    test::Scratch scratch_{"/dev/shm"};
    std::filesystem::path path_ = scratch_.path / "u";
    UniqueFd file_;
};

TEST_F(GatheredFile, KeepsItsContentsAndItsHoles) {
    const std::array blocks{FrameRange{kWhole.first, 2 * kHugePagePages}};
    const auto huge = gather_on_huge_pages(path_, kWhole, blocks, std::chrono::seconds(60));
    ASSERT_TRUE(huge) << huge.error().message;
    for (std::uint64_t page = 0; page <= 1024; ++page) ASSERT_EQ(at(page), page == kHole ? 0 : page + 1);
    EXPECT_LE(allocated(file_.get()), 4 * kMiB + kPageSize);
    if (*huge == 0) GTEST_SKIP() << "this host gathers no memory files on 2 MiB pages";
    EXPECT_LE(*huge, 4 * kMiB);

    // What is given back is free again, on a huge page, too
    const std::array back{FrameRange{{kWhole.first.value + 16}, 256}};
    ASSERT_TRUE(give_back(path_, kWhole, back));
    EXPECT_LE(allocated(file_.get()), 3 * kMiB + kPageSize);
    for (std::uint64_t page = 0; page <= 1024; ++page)
        ASSERT_EQ(at(page), page == kHole || (page >= 16 && page < 272) ? 0 : page + 1);
}

TEST_F(GatheredFile, TellsWhereItIsFilled) {
    const auto ranges = filled(path_, kWhole);
    ASSERT_TRUE(ranges) << ranges.error().message;
    const auto first = kWhole.first.value;
    EXPECT_EQ(*ranges, (std::vector<FrameRange>{{{first}, kHole}, {{first + kHole + 1}, 1025 - kHole - 1}}));
    EXPECT_FALSE(filled(scratch_.path / "none", kWhole));
}

TEST_F(GatheredFile, IsLeftAsItIsWhereTimeIsOver) {
    const std::array blocks{kWhole};
    const auto huge = gather_on_huge_pages(path_, kWhole, blocks, std::chrono::seconds(0));
    ASSERT_TRUE(huge) << huge.error().message;
    EXPECT_EQ(*huge, 0U);
    EXPECT_LE(allocated(file_.get()), 1025 * kPageSize);
}

TEST_F(GatheredFile, HasNoBlocksBeyondItsEnd) {
    const std::array blocks{FrameRange{kWhole.first, 5 * kHugePagePages}};
    EXPECT_FALSE(gather_on_huge_pages(path_, kWhole, blocks, std::chrono::seconds(1)));
    EXPECT_FALSE(gather_on_huge_pages(scratch_.path / "none", kWhole, {}, std::chrono::seconds(1)));
}

}  // namespace
}  // namespace nap::machine
