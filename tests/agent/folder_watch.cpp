// SPDX-License-Identifier: GPL-2.0-only
// Folder watch: what has changed since it was asked before, and nothing else.
#include "agent/files/folder_watch.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace nap::agent {
namespace {

namespace fs = std::filesystem;

class Watched : public testing::Test {
  protected:
    const fs::path root = fs::temp_directory_path() / ("nap-folder-watch-" + std::to_string(::getpid()));
    FolderWatch watch;
    void SetUp() override {
        fs::create_directories(root / "below");
        write("setting");
        watch.add(root);
    }
    void TearDown() override { fs::remove_all(root); }
    void write(const std::string& name) const { std::ofstream(root / name) << "value\n"; }
};

TEST_F(Watched, NothingHasChanged) {
    const auto changed = watch.changed();
    ASSERT_TRUE(changed);
    EXPECT_TRUE(changed->empty());
}

TEST_F(Watched, IsToldOnce) {
    write("setting");
    EXPECT_EQ(watch.changed(), (ChangedFolders{{root, {"setting"}}}));
    EXPECT_EQ(watch.changed(), ChangedFolders{});
}

TEST_F(Watched, MakingRemovingAndGivingAwayAreChanges) {
    write("new");
    fs::remove(root / "setting");
    ASSERT_EQ(::chmod((root / "below").c_str(), 0700), 0);
    EXPECT_EQ(watch.changed(), (ChangedFolders{{root, {"new", "setting", "below"}}}));
}

TEST_F(Watched, TheFolderItselfHasNoName) {
    ASSERT_EQ(::chmod(root.c_str(), 0700), 0);
    EXPECT_EQ(watch.changed(), (ChangedFolders{{root, {""}}}));
}

TEST_F(Watched, WhatLiesDeeperIsNotWatched) {
    write("below/setting");
    EXPECT_EQ(watch.changed(), ChangedFolders{});
    watch.add(root / "below");
    write("below/setting");
    EXPECT_EQ(watch.changed(), (ChangedFolders{{root / "below", {"setting"}}}));
}

TEST_F(Watched, OneThatIsNotThereIsLetPass) {
    watch.add(root / "nowhere");
    write("setting");
    EXPECT_EQ(watch.changed(), (ChangedFolders{{root, {"setting"}}}));
}

TEST_F(Watched, MoreThanTheQueueHoldsIsAnything) {
    std::ifstream limit("/proc/sys/fs/inotify/max_queued_events");
    int events = 0;
    if (!(limit >> events) || events > 1 << 20) GTEST_SKIP() << "the queue's size is not known";
    for (int i = 0; i < events + 2; ++i) write(i % 2 == 0 ? "one" : "other");
    EXPECT_FALSE(watch.changed());
}

}  // namespace
}  // namespace nap::agent
