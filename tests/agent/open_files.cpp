// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/files/open_files.hpp"

#include <gtest/gtest.h>

#include "agent/check/files/namespace_files.hpp"

namespace nap::agent {
namespace {

TEST(NamespaceFiles, AreToldByTheirLinks) {
    EXPECT_EQ(namespace_kind("uts:[4026531838]"), "uts");
    EXPECT_EQ(namespace_kind("mnt:[4026532246]"), "mnt");
    EXPECT_FALSE(namespace_kind("socket:[4711]"));
    EXPECT_FALSE(namespace_kind("/srv/uts:[1]"));
    EXPECT_FALSE(namespace_kind("anon_inode:[eventpoll]"));
}

TEST(JudgeLink, KnowsWhatCannotBeCarried) {
    for (const char* link :
         {"anon_inode:[io_uring]", "anon_inode:[perf_event]", "anon_inode:bpf-prog", "anon_inode:bpf-map",
          "anon_inode:[userfaultfd]", "anon_inode:kvm-vm", "anon_inode:seccomp notify",
          "anon_inode:[landlock-ruleset]", "/secretmem (deleted)", "anon_inode:[fscontext]",
          "anon_inode:[vfio-device]", "/dmabuf:x"}) {
        const auto finding = judge_link(link);
        ASSERT_TRUE(finding) << link;
        EXPECT_FALSE(finding->advice.empty());
    }
}

TEST(JudgeLink, RaisesNoFalseAlarm) {
    for (const char* link : {"anon_inode:[eventpoll]", "anon_inode:[eventfd]", "anon_inode:[timerfd]",
                             "anon_inode:[signalfd]", "anon_inode:inotify", "pipe:[1234]", "/dev/null",
                             "/var/log/messages", "/memfd:x (deleted)", "socket:[77]"})
        EXPECT_FALSE(judge_link(link)) << link;
}

TEST(JudgeDevice, TellsOfInputDevices) {
    const auto told = judge_device(true, 13, 65);
    ASSERT_TRUE(told);
    EXPECT_TRUE(told->notice);
    EXPECT_EQ(told->what, "an open input device (event1)");
    const auto mouse = judge_device(true, 13, 32);
    ASSERT_TRUE(mouse);
    EXPECT_FALSE(mouse->notice);
    EXPECT_FALSE(judge_device(true, 10, 235));  // autofs
}

TEST(JudgeDevice, AllowsTheHarmlessOnes) {
    EXPECT_FALSE(judge_device(true, 1, 3));    // null
    EXPECT_FALSE(judge_device(true, 1, 9));    // urandom
    EXPECT_FALSE(judge_device(true, 5, 0));    // tty
    EXPECT_FALSE(judge_device(true, 5, 2));    // ptmx
    EXPECT_FALSE(judge_device(true, 137, 5));  // pts
    EXPECT_FALSE(judge_device(true, 4, 64));   // ttyS0
    EXPECT_FALSE(judge_device(true, 5, 1));    // console
    EXPECT_FALSE(judge_device(true, 4, 1));    // tty1
    EXPECT_TRUE(judge_device(true, 1, 1));     // mem
    EXPECT_TRUE(judge_device(true, 10, 229));  // fuse
    EXPECT_TRUE(judge_device(true, 144, 0));
    EXPECT_TRUE(judge_device(false, 1, 3));  // a RAM disk
}

}  // namespace
}  // namespace nap::agent
