// SPDX-License-Identifier: GPL-2.0-only
// Control groups: which are carried, and what of them differs from a fresh one.
#include "agent/check/processes/control_groups.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "agent/carried/group_state.hpp"
#include "agent/files/extended_attributes.hpp"
#include "agent/userland/groups.hpp"

namespace nap::agent {
namespace {

namespace fs = std::filesystem;

TEST(ControlGroups, BelowTheUserlandsAreCarried) {
    EXPECT_FALSE(outside_of_userland("0::/userland\n"));
    EXPECT_FALSE(outside_of_userland("0::/userland/a/b\n"));
    EXPECT_FALSE(outside_of_userland("4:cpu:/\n0::/userland/a\n"));
    EXPECT_TRUE(outside_of_userland("0::/userlandish\n"));
    EXPECT_TRUE(outside_of_userland("0::/\n"));
    EXPECT_TRUE(outside_of_userland("4:cpu:/a\n0::/userland\n"));
}

TEST(ControlGroups, WhatDiffersFromAFreshOneIsASetting) {
    const channel::Json fresh = {{"cpu.weight", "100\n"}, {"memory.max", "max\n"}};
    const channel::Json settings = {
        {"cpu.weight", "100\n"}, {"memory.max", "4096\n"}, {"io.max", "8:0 rbps=1\n"}};
    EXPECT_EQ(changed_settings(settings, fresh),
              (channel::Json{{"memory.max", "4096\n"}, {"io.max", "8:0 rbps=1\n"}}));
}

class Folder : public testing::Test {
  protected:
    fs::path root = fs::temp_directory_path() / ("nap-groups-" + std::to_string(::getpid()));
    void SetUp() override { fs::create_directories(root); }
    void TearDown() override { fs::remove_all(root); }
    void write(const std::string& name, const std::string& content) const {
        std::ofstream(root / name) << content;
    }
};

TEST_F(Folder, GroupsComeAfterTheirParents) {
    fs::create_directories(root / "a/b/c");
    fs::create_directories(root / "d");
    write("memory.max", "max\n");
    const auto groups = groups_below(root);
    ASSERT_EQ(groups.size(), 4u);
    const auto at = [&](const char* name) { return std::ranges::find(groups, root / name) - groups.begin(); };
    EXPECT_LT(at("a"), at("a/b"));
    EXPECT_LT(at("a/b"), at("a/b/c"));
    EXPECT_LT(at("d"), 4);
}

TEST_F(Folder, SettingsAreWhatCanBeReadAndWritten) {
    write("memory.max", "max\n");
    write("cgroup.procs", "1\n");
    write("cpu.pressure", "some\n");
    write("cpu.stat", "usage 1\n");
    fs::permissions(root / "cpu.stat", fs::perms::owner_read);
    EXPECT_EQ(settings_of(root), (channel::Json{{"memory.max", "max\n"}}));
}

TEST_F(Folder, OwnersAndAttributesComeBack) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, to give files away";
    write("cgroup.procs", "");
    EXPECT_EQ(owners_of(root), channel::Json::object());
    ASSERT_EQ(::chown((root / "cgroup.procs").c_str(), 1000, 1001), 0);
    const auto owners = owners_of(root);
    ASSERT_TRUE(owners.contains("cgroup.procs"));
    ASSERT_EQ(::chown((root / "cgroup.procs").c_str(), 0, 0), 0);
    ASSERT_TRUE(set_owners(root, owners));
    EXPECT_EQ(owners_of(root), owners);
    const channel::Json attributes = {{"trusted.nap", "00ff41"}};
    if (!set_attributes(root, attributes)) GTEST_SKIP() << "no extended attributes here";
    EXPECT_EQ(attributes_of(root), attributes);
}

}  // namespace
}  // namespace nap::agent
