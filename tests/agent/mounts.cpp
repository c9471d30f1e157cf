// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/files/mounts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nap::agent {
namespace {

using testing::HasSubstr;

// A machine's, as its init sees it.
constexpr const char* kMachine =
    "50 49 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
    "51 50 0:22 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw\n"
    "52 50 0:23 / /sys ro,nosuid,nodev,noexec,relatime - sysfs sys ro\n"
    "53 52 0:24 /userland /sys/fs/cgroup ro - cgroup2 cgroup2 rw\n"
    "54 50 0:25 / /dev rw,nosuid - tmpfs dev rw,mode=755\n"
    "55 54 0:26 / /dev/pts rw - devpts dev/pts rw\n"
    "56 50 0:27 / /run rw shared:3 master:1 - tmpfs run rw\n";

std::vector<Mount> with(const std::string& lines) {
    return parse_mounts(kMachine + lines);
}

std::optional<Finding> judge_last(const std::string& lines) {
    const auto mounts = with(lines);
    return judge_mount(mounts.back(), mounts, mounts.front());
}

TEST(ParseMounts, ReadsEveryField) {
    const auto mounts = with("60 56 254:0 /a\\040b /run/c\\134d rw,relatime - ext4 /dev/vda rw\n");
    ASSERT_EQ(mounts.size(), 8u);
    EXPECT_EQ(mounts[6].type, "tmpfs");  // its optional fields are skipped
    EXPECT_EQ(mounts[7].id, 60);
    EXPECT_EQ(mounts[7].parent, 56);
    EXPECT_EQ(mounts[7].device, "254:0");
    EXPECT_EQ(mounts[7].root, "/a b");
    EXPECT_EQ(mounts[7].target, "/run/c\\d");
}

TEST(ParseMounts, SkipsWhatIsNone) {
    EXPECT_TRUE(parse_mounts("").empty());
    EXPECT_TRUE(parse_mounts("50 49 254:0 / / rw\nnonsense\n\n").empty());
}

TEST(JudgeMount, AllowsAMachinesOwn) {
    const auto mounts = with("");
    for (const Mount& mount : mounts)
        EXPECT_FALSE(judge_mount(mount, mounts, mounts.front())) << mount.target;
}

TEST(JudgeMount, AllowsBindsOfWhatIsThere) {
    EXPECT_FALSE(judge_last("60 50 254:0 /srv /mnt rw - ext4 /dev/vda rw\n"));
    EXPECT_FALSE(judge_last("60 50 0:27 /lock /mnt rw - tmpfs run rw\n"));
    EXPECT_FALSE(judge_last("60 50 0:30 / /mnt rw - mqueue mqueue rw\n"));
}

TEST(JudgeMount, TellsOfAutomounts) {
    const auto used_once =
        judge_last("60 50 0:31 / /proc/sys/fs/binfmt_misc rw shared:9 - autofs systemd-1 rw,fd=29,direct\n");
    ASSERT_TRUE(used_once);
    EXPECT_TRUE(used_once->notice);
    const auto other = judge_last("60 50 0:31 / /srv/media rw shared:9 - autofs systemd-1 rw,fd=29,direct\n");
    ASSERT_TRUE(other);
    EXPECT_FALSE(other->notice);
    EXPECT_EQ(other->what, "an automount at /srv/media");
}

TEST(JudgeMount, AllowsWhatModulesBring) {
    EXPECT_FALSE(judge_last("60 50 0:31 / /sys/fs/fuse/connections rw - fusectl fusectl rw\n"));
}

TEST(JudgeMount, RefusesWhatCannotBeMountedAgain) {
    for (const char* type : {"fuse.sshfs", "nfs4", "overlay", "ext4", "zonefs", "bpf", "hugetlbfs", "nsfs"}) {
        const auto finding = judge_last(std::string("60 50 0:30 / /mnt rw - ") + type + " x rw\n");
        ASSERT_TRUE(finding) << type;
        EXPECT_THAT(finding->what, HasSubstr(type));
        EXPECT_THAT(finding->advice, HasSubstr("umount /mnt"));
    }
}

TEST(JudgeMount, RefusesAPartOfWhatIsNowhereWhole) {
    const auto finding = judge_last("60 50 0:30 /below /mnt rw - tmpfs x rw\n");
    ASSERT_TRUE(finding);
    EXPECT_THAT(finding->what, HasSubstr("/mnt"));
}

TEST(IsHidden, SeesWhatLiesUnderALaterMount) {
    const auto mounts = with(
        "60 50 0:30 / /mnt rw - tmpfs x rw\n"
        "61 60 0:31 / /mnt/a rw - tmpfs x rw\n"
        "62 60 0:32 / /mnt rw - tmpfs x rw\n");
    const auto by_id = [&](int id) { return *std::ranges::find(mounts, id, &Mount::id); };
    EXPECT_TRUE(is_hidden(by_id(60), mounts));
    EXPECT_TRUE(is_hidden(by_id(61), mounts));
    EXPECT_FALSE(is_hidden(by_id(62), mounts));
    EXPECT_FALSE(is_hidden(by_id(54), mounts));
    EXPECT_FALSE(is_hidden(by_id(50), mounts));
}

TEST(IsHidden, IsNotTroubledByNeighbours) {
    const auto mounts = with(
        "60 50 0:30 / /mnt rw - tmpfs x rw\n"
        "61 50 0:31 / /mnt2 rw - tmpfs x rw\n"
        "62 60 0:32 / /mnt/below rw - tmpfs x rw\n");
    for (const Mount& mount : mounts) EXPECT_FALSE(is_hidden(mount, mounts)) << mount.target;
}

}  // namespace
}  // namespace nap::agent
