// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/processes/memory_areas.hpp"

#include <gtest/gtest.h>

#include "base/fd.hpp"

namespace nap::agent {
namespace {

constexpr const char* kSmaps =
    "5581e000-5581f000 r--p 00000000 fe:00 1041                       /usr/bin/a program (deleted)\n"
    "Size:                  4 kB\n"
    "FilePmdMapped:         0 kB\n"
    "VmFlags: rd mr mw me sd \n"
    "7f2c00000000-7f2c00200000 rw-p 00000000 00:0f 4242               /anon_hugepage (deleted)\n"
    "VmFlags: rd wr mr mw me ac ht sd \n"
    "7f2c00300000-7f2c00301000 rw-s 000b8000 00:06 5                  /dev/mem\n"
    "VmFlags: rd wr sh mr mw me ms pf io dc dd de sd \n"
    "7f2c00400000-7f2c00404000 rw-p 00000000 00:00 0 \n"
    "VmFlags: rd wr mr mw me lo ac sd \n"
    "7ffd0a000000-7ffd0a004000 r--p 00000000 00:00 0                  [vvar]\n"
    "VmFlags: rd mr pf io de dd sd \n";

TEST(ParseAreas, ReadsRangePathAndFlags) {
    const auto areas = parse_areas(kSmaps);
    ASSERT_EQ(areas.size(), 5u);
    EXPECT_EQ(areas[0].range, "5581e000-5581f000");
    EXPECT_EQ(areas[0].path, "/usr/bin/a program (deleted)");
    EXPECT_FALSE(areas[0].huge || areas[0].device);
    EXPECT_TRUE(areas[1].huge);
    EXPECT_TRUE(areas[2].device);
    EXPECT_EQ(areas[3].path, "");
    EXPECT_EQ(areas[4].path, "[vvar]");
    EXPECT_TRUE(areas[4].device);
}

TEST(ParseAreas, ReadsMapsAlike) {
    const auto areas = parse_plain_areas(
        "5581e000-5581f000 r--p 00000000 fe:00 1041                       /usr/bin/a program (deleted)\n"
        "7f2c00400000-7f2c00404000 rw-p 00000000 00:00 0 \n"
        "7ffd0a000000-7ffd0a004000 r--p 00000000 00:00 0                  [vvar]\n"
        "7f2c00300000-7f2c00301000 rw-s 000b8000 00:06 5                  /dev/mem\n");
    ASSERT_EQ(areas.size(), 4u);
    EXPECT_EQ(areas[0].range, "5581e000-5581f000");
    EXPECT_EQ(areas[0].path, "/usr/bin/a program (deleted)");
    EXPECT_EQ(areas[0].file_device, "fe:00");
    EXPECT_EQ(areas[1].path, "");
    EXPECT_EQ(areas[1].file_device, "");
    EXPECT_EQ(areas[2].path, "[vvar]");
    EXPECT_EQ(areas[3].file_device, "00:06");
    EXPECT_TRUE(parse_plain_areas("").empty());
    EXPECT_TRUE(parse_plain_areas("nonsense\n\n").empty());
}

// Only for these need smaps not be asked.
TEST(OrdinaryFiles, LieOnDisksAndInSharedMemory) {
    MountTable mounts;
    mounts.add(
        parse_mounts("20 1 254:0 / / rw - ext4 /dev/vda rw\n"
                     "21 20 0:21 / /tmp rw - tmpfs none rw\n"
                     "22 20 0:6 / /dev rw - devtmpfs none rw\n"
                     "23 20 0:30 / /dev/hugepages rw - hugetlbfs none rw\n"));
    OrdinaryFiles ordinary(mounts);
    const auto area = [](const char* device) {
        return MemoryArea{.range = "", .path = "/x", .file_device = device};
    };
    for (const char* device : {"fe:00", "00:15"}) EXPECT_TRUE(ordinary.lies_on(area(device))) << device;
    for (const char* device : {"00:06", "00:1e", "00:ff", "nonsense"})
        EXPECT_FALSE(ordinary.lies_on(area(device))) << device;
}

// A node of /dev/mem may lie on a disk.
TEST(OrdinaryFiles, AreRegularOnes) {
    MountTable mounts;
    mounts.add(parse_mounts("20 1 254:0 / / rw - ext4 /dev/vda rw\n"));
    OrdinaryFiles ordinary(mounts);
    EXPECT_TRUE(ordinary.contain({}, "/proc/self"));  // of no file
    EXPECT_FALSE(
        ordinary.contain({.range = "1-2", .path = "/x", .file_device = "fe:00", .inode = "7"}, "/proc/self"));
}

TEST(ParseAreas, SkipsWhatIsNone) {
    EXPECT_TRUE(parse_areas("").empty());
    EXPECT_TRUE(parse_areas("VmFlags: ht\nnonsense\n").empty());
}

TEST(JudgeArea, RefusesWhatIsNoOrdinaryMemory) {
    const auto areas = parse_areas(kSmaps);
    EXPECT_TRUE(judge_area(areas[1]));
    EXPECT_TRUE(judge_area(areas[2]));
    EXPECT_TRUE(judge_area({.range = "", .path = "/secretmem (deleted)"}));
    EXPECT_TRUE(judge_area({.range = "", .path = "anon_inode:[perf_event]"}));
}

TEST(JudgeArea, RaisesNoFalseAlarm) {
    const auto areas = parse_areas(kSmaps);
    for (const std::size_t index : {0, 3, 4}) EXPECT_FALSE(judge_area(areas[index])) << index;
    for (const char* path : {"/SYSV00000000 (deleted)", "/dev/zero (deleted)", "/memfd:x (deleted)", "[heap]",
                             "/[aio] (deleted)", "socket:[42]", "/dev/shm/x"})
        EXPECT_FALSE(judge_area({.range = "", .path = path})) << path;
}

}  // namespace
}  // namespace nap::agent
