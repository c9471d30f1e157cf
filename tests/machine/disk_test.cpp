// SPDX-License-Identifier: GPL-2.0-only
// Disk images: inspected, locked, overlaid.
#include "machine/disk.hpp"

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

}  // namespace
}  // namespace nap::machine
