// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/files/deleted_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/units.hpp"

namespace nap::agent {
namespace {

using testing::HasSubstr;

struct stat regular(unsigned links, std::uint64_t bytes) {
    struct stat information {};
    information.st_mode = S_IFREG | 0600;
    information.st_nlink = links;
    information.st_blocks = static_cast<blkcnt_t>(bytes / 512);
    return information;
}

TEST(IsDeleted, KnowsWhatNeverHadAName) {
    EXPECT_TRUE(is_deleted("/var/log/old (deleted)"));
    EXPECT_TRUE(is_deleted("/dev/shm/x (deleted)"));
    EXPECT_FALSE(is_deleted("/var/log/old"));
    for (const char* path : {"/memfd:x (deleted)", "/SYSV00000000 (deleted)", "/dev/zero (deleted)",
                             "/[aio] (deleted)", "/anon_hugepage (deleted)", "socket:[1]", ""})
        EXPECT_FALSE(is_deleted(path)) << path;
}

TEST(JudgeDeleted, AllowsWhatIsCopied) {
    EXPECT_FALSE(judge_deleted("/x (deleted)", regular(0, 64 * kMiB)));
    EXPECT_FALSE(judge_deleted("/x (deleted)", regular(1, 65 * kMiB)));  // found by its handle
    struct stat directory {};
    directory.st_mode = S_IFDIR | 0700;
    EXPECT_FALSE(judge_deleted("/x (deleted)", directory));
}

TEST(JudgeDeleted, RefusesLargeOnes) {
    const auto large = judge_deleted("/srv/x (deleted)", regular(0, 65 * kMiB));
    ASSERT_TRUE(large);
    EXPECT_THAT(large->what, HasSubstr("65 MiB"));
    EXPECT_THAT(large->what, HasSubstr("(/srv/x)"));
}

}  // namespace
}  // namespace nap::agent
