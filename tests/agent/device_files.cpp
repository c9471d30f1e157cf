// SPDX-License-Identifier: GPL-2.0-only
#include "agent/carried/device_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/fd.hpp"

namespace nap::agent {
namespace {

namespace fs = std::filesystem;

TEST(DeviceFiles, FoldersLinksAndFilesComeBack) {
    const fs::path base = testing::TempDir() + "device_files", from = base / "from", to = base / "to";
    fs::remove_all(base);
    fs::create_directories(from / "disk/by-label");
    fs::create_directories(to / "disk");
    fs::create_symlink("../../vda1", from / "disk/by-label/root");
    fs::create_symlink("nowhere", to / "log");
    fs::create_symlink("/run/log", from / "log");
    ASSERT_TRUE(replace_file(from / "state", "some\nbytes"));
    ASSERT_EQ(::mkfifo((from / "initctl").c_str(), 0620), 0);
    ASSERT_EQ(::chmod((from / "initctl").c_str(), 0620), 0);
    const auto listed = list_device_files(from);
    ASSERT_TRUE(listed) << listed.error().message;
    Warnings warnings;
    put_device_files(to, *listed, warnings);
    put_device_files(to, *listed, warnings);
    EXPECT_THAT(warnings, testing::IsEmpty());
    EXPECT_EQ(fs::read_symlink(to / "disk/by-label/root"), "../../vda1");
    EXPECT_EQ(fs::read_symlink(to / "log"), "/run/log");
    EXPECT_EQ(read_file(to / "state").value(), "some\nbytes");
    EXPECT_EQ(fs::status(to / "initctl").type(), fs::file_type::fifo);
    EXPECT_EQ(fs::last_write_time(to / "state"), fs::last_write_time(from / "state"));
    ASSERT_TRUE(fs::remove(to / "state"));
    fs::create_directory(to / "state");
    put_device_files(to, *listed, warnings);
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_THAT(warnings[0], testing::HasSubstr("something else"));
    fs::remove_all(base);
}

}  // namespace
}  // namespace nap::agent
