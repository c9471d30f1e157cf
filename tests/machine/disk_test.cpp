// SPDX-License-Identifier: GPL-2.0-only
// Disk images: inspected, locked, overlaid.
#include "machine/disk/disk.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/process.hpp"
#include "base/units.hpp"
#include "tests/machine/scratch.hpp"

namespace nap::machine {
namespace {

class Disk : public testing::Test {
  protected:
    std::filesystem::path make(const std::string& format, const std::vector<std::string>& more = {}) {
        auto path = scratch.path / ("disk." + format);
        Command command{.argv = {"qemu-img", "create", "-q", "-f", format, path, "64M"}};
        command.argv.insert(command.argv.begin() + 5, more.begin(), more.end());
        EXPECT_EQ(run(command, std::chrono::seconds(30))->status, 0);
        return path;
    }
    test::Scratch scratch;
};

TEST_F(Disk, IsInspected) {
    for (const char* format : {"raw", "qcow2"}) {
        auto info = inspect_disk(make(format), "");
        ASSERT_TRUE(info) << info.error().message;
        EXPECT_EQ(info->format, format);
        EXPECT_EQ(info->size, 64 * kMiB);
        EXPECT_FALSE(info->is_device);
    }
}

TEST_F(Disk, KeepsTheFormatItWasToldWhateverTheGuestWrote) {
    auto info = inspect_disk(make("qcow2"), "raw");
    ASSERT_TRUE(info);
    EXPECT_EQ(info->format, "raw");
    EXPECT_FALSE(inspect_disk(make("raw"), "qcow2"));
}

TEST_F(Disk, OfAnotherKindIsRefused) {
    EXPECT_EQ(inspect_disk(make("vmdk"), "").error().kind, ErrorKind::unsupported);
    EXPECT_EQ(inspect_disk(scratch.path / "none", "").error().kind, ErrorKind::not_found);
    EXPECT_EQ(inspect_disk(scratch.path, "").error().kind, ErrorKind::usage);
    std::ofstream(scratch.path / "empty").flush();
    EXPECT_EQ(inspect_disk(scratch.path / "empty", "").error().kind, ErrorKind::usage);
}

TEST_F(Disk, DescriptionIsNotTrusted) {
    for (const char* text : {"", "[]", "{}", R"({"format": 1})", R"({"format": null})", "[[[["})
        EXPECT_EQ(disk_format_from(text, "d").error().kind, ErrorKind::protocol) << text;
    EXPECT_EQ(disk_format_from(R"({"format": "luks"})", "d").error().kind, ErrorKind::unsupported);
}

TEST_F(Disk, IsLockedForOneMachine) {
    auto image = make("raw");
    {
        auto lock = lock_disk(image);
        ASSERT_TRUE(lock) << lock.error().message;
        auto second = lock_disk(image);
        ASSERT_FALSE(second);
        EXPECT_EQ(second.error().kind, ErrorKind::busy);
        EXPECT_NE(second.error().message.find(image.string()), std::string::npos);
        EXPECT_TRUE(inspect_disk(image, "raw"));
        // Another program's QEMU is kept out too
        auto other =
            run({.argv = {"qemu-io", "-f", "raw", "-c", "write 0 512", image}}, std::chrono::seconds(30));
        ASSERT_TRUE(other);
        EXPECT_NE(other->status, 0) << other->out;
    }
    EXPECT_TRUE(lock_disk(image));
}

TEST_F(Disk, ALoopDeviceOfTheHostIsBusy) {
    const auto image = make("raw");
    EXPECT_TRUE(refuse_used_by_host(image));
    auto loop = run({.argv = {"losetup", "--find", "--show", image}}, std::chrono::seconds(30));
    if (!loop || loop->status != 0) GTEST_SKIP() << "no loop devices here";
    loop->out.pop_back();
    const auto refused = refuse_used_by_host(image);
    ASSERT_EQ(run({.argv = {"losetup", "--detach", loop->out}}, std::chrono::seconds(30))->status, 0);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::busy);
    EXPECT_NE(refused.error().message.find(loop->out), std::string::npos) << refused.error().message;
}

TEST_F(Disk, OverlayIsEmptyPrivateAndWithoutBacking) {
    auto overlay = scratch.path / "overlay.qcow2";
    ASSERT_TRUE(create_overlay(overlay, 64 * kMiB));
    auto info = inspect_disk(overlay, "");
    ASSERT_TRUE(info);
    EXPECT_EQ(info->format, "qcow2");
    EXPECT_EQ(info->size, 64 * kMiB);
    struct stat status {};
    ASSERT_EQ(::stat(overlay.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600U);
    EXPECT_FALSE(create_overlay(scratch.path / "no" / "where", kMiB));
}

// The overlay of a generation that died; the machine's own lock on the image is held.
TEST_F(Disk, OverlayIsMergedWithoutAGuest) {
    for (std::string format : {"raw", "qcow2"}) {
        auto image = make(format), overlay = scratch.path / "overlay.qcow2";
        ASSERT_TRUE(create_overlay(overlay, 64 * kMiB));
        auto written = run({.argv = {"qemu-io", "-f", "qcow2", "-c", "write -P 0x5a 1M 64k", overlay}},
                           std::chrono::seconds(30));
        ASSERT_TRUE(written && written->status == 0);
        {
            auto lock = lock_disk(image);
            ASSERT_TRUE(lock);
            auto merged = merge_without_guest(overlay, image, {format, 64 * kMiB, false});
            ASSERT_TRUE(merged) << merged.error().message;
        }
        EXPECT_FALSE(std::filesystem::exists(overlay));
        auto read = run({.argv = {"qemu-io", "-f", format, "-c", "read -P 0x5a 1M 64k", image}},
                        std::chrono::seconds(30));
        EXPECT_EQ(read->out.find("verification failed"), std::string::npos) << read->out;
        EXPECT_EQ(read->status, 0) << read->out;
    }
}

TEST_F(Disk, OverlayThatNamesAnotherFileIsNotMerged) {
    auto image = make("raw"), overlay = scratch.path / "overlay.qcow2", other = scratch.path / "other";
    auto made = run({.argv = {"qemu-img", "create", "-q", "-f", "qcow2", "-o", "data_file=" + other.string(),
                              overlay, "64M"}},
                    std::chrono::seconds(30));
    ASSERT_TRUE(made && made->status == 0) << made->out;
    auto merged = merge_without_guest(overlay, image, {"raw", 64 * kMiB, false});
    ASSERT_FALSE(merged);
    EXPECT_NE(merged.error().message.find("another file"), std::string::npos) << merged.error().message;
    EXPECT_FALSE(merge_without_guest(image, image, {"raw", 64 * kMiB, false}));
}

}  // namespace
}  // namespace nap::machine
