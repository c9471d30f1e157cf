// SPDX-License-Identifier: GPL-2.0-only
// What /proc/PID/fdinfo/N says of epoll instances, watches and mounts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/check/files/epolls.hpp"
#include "agent/check/files/open_files.hpp"
#include "agent/check/files/watches.hpp"
#include "agent/check/processes/program.hpp"

namespace nap::agent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kHead = "pos:\t0\nflags:\t02\nmnt_id:\t15\nino:\t1057\n";

TEST(ParseEpollTargets, ReadsTheDescriptorsWatched) {
    const auto targets =
        parse_epoll_targets(std::string(kHead) +
                            "tfd:        5 events:       19 data:                5  pos:0 ino:41d sdev:f\n"
                            "tfd:       12 events:       19 data: ffffffffffffffff  pos:0 ino:1a3f sdev:8\n"
                            "tfd:        5 events:       19 data:                5  pos:0 ino:41d sdev:f\n");
    EXPECT_THAT(targets, ElementsAre(EpollTarget{5, 0x41d}, EpollTarget{12, 0x1a3f}, EpollTarget{5, 0x41d}));
    EXPECT_THAT(parse_epoll_targets(kHead), IsEmpty());
}

TEST(ParseWatchedDevices, ReadsTheKernelsDeviceNumbers) {
    const auto devices = parse_watched_devices(
        std::string(kHead) +
        "inotify wd:2 ino:1a sdev:16 mask:fff ignored_mask:0 fhandle-bytes:8 fhandle-type:1 f_handle:1a\n"
        "inotify wd:1 ino:2 sdev:fe00001 mask:fff ignored_mask:0 fhandle-bytes:8 fhandle-type:1 "
        "f_handle:02\n");
    EXPECT_THAT(devices, ElementsAre("0:22", "254:1"));
    EXPECT_THAT(parse_watched_devices(kHead), IsEmpty());
}

TEST(JudgeWatch, RefusesFileSystemsWithoutHandles) {
    for (const char* type : {"proc", "devpts", "sysfs"}) EXPECT_TRUE(judge_watch(type)) << type;
    for (const char* type : {"ext4", "tmpfs", "cgroup2", ""}) EXPECT_FALSE(judge_watch(type)) << type;
}

TEST(ParseMountId, ReadsItWhereThereIsOne) {
    EXPECT_EQ(parse_mount_id(kHead), 15);
    EXPECT_FALSE(parse_mount_id("pos:\t0\n"));
}

TEST(JudgePlace, RefusesFilesThatNoPathLeadsTo) {
    EXPECT_FALSE(judge_place("/x", Place::visible));
    EXPECT_TRUE(judge_place("/x", Place::hidden));
    EXPECT_TRUE(judge_place("/x", Place::detached));
}

TEST(Is32Bit, ReadsTheClassOfAnElfFile) {
    EXPECT_TRUE(
        is_32_bit("\x7f"
                  "ELF\x01\x01\x01"));
    EXPECT_FALSE(
        is_32_bit("\x7f"
                  "ELF\x02\x01\x01"));
    EXPECT_FALSE(
        is_32_bit("\x7f"
                  "ELF"));
    EXPECT_FALSE(is_32_bit("#!/bin/sh"));
}

}  // namespace
}  // namespace nap::agent
