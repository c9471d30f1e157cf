// SPDX-License-Identifier: GPL-2.0-only
// Unread events of inotify on their way to the module.
#include "agent/carried/inotify.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/inotify.h>

#include <cstring>

#include "agent/carried/part_file.hpp"

namespace nap::agent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ParseOnce, FindsWatchesThatEndWithTheirFirstEvent) {
    EXPECT_THAT(parse_once("pos:\t0\nflags:\t02004000\n"
                           "inotify wd:1a ino:1a sdev:16 mask:80000fff ignored_mask:0 fhandle-bytes:8\n"
                           "inotify wd:2 ino:1a sdev:16 mask:fff ignored_mask:0 fhandle-bytes:8\n"
                           "inotify wd:1 ino:1b sdev:16 mask:80000100 ignored_mask:0 fhandle-bytes:8\n"),
                ElementsAre(26, 1));
    EXPECT_THAT(parse_once("pos:\t0\nflags:\t02004000\n"), IsEmpty());
}

TEST(NotifyRecords, AreAsReadTellsThemWithoutPadding) {
    const auto records =
        notify_records({{{"wd", 1}, {"mask", 0x40}, {"cookie", 7}, {"name", to_binary("a\xff")}},
                        {{"wd", -1}, {"mask", 0x4000}, {"cookie", 0}, {"name", to_binary("")}}});
    ASSERT_TRUE(records) << records.error().message;
    ASSERT_EQ(records->size(), 2 * sizeof(inotify_event) + 2);
    inotify_event first{}, second{};
    std::memcpy(&first, records->data(), sizeof first);
    std::memcpy(&second, records->data() + sizeof first + 2, sizeof second);
    EXPECT_EQ(first.wd, 1);
    EXPECT_EQ(first.mask, 0x40U);
    EXPECT_EQ(first.cookie, 7U);
    EXPECT_EQ(first.len, 2U);
    EXPECT_EQ(std::memcmp(records->data() + sizeof first, "a\xff", 2), 0);
    EXPECT_EQ(second.wd, -1);
    EXPECT_EQ(second.len, 0U);
    EXPECT_FALSE(notify_records({{{"wd", 1}, {"mask", 1}, {"cookie", 0}, {"name", "zz"}}}));
}

}  // namespace
}  // namespace nap::agent
