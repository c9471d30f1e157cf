// SPDX-License-Identifier: GPL-2.0-only
#include "update/agent/obstacle.hpp"

#include <gtest/gtest.h>

namespace nap::update {
namespace {

TEST(Obstacle, IsOneSentence) {
    EXPECT_EQ(
        sentence({12, "redis", "an io_uring instance", "Its state lies in the kernel.", "Let it use epoll."}),
        "redis (PID 12): an io_uring instance: its state lies in the kernel; let it use epoll");
    EXPECT_EQ(sentence({12, "Xorg", "a socket", "CRIU cannot carry it over.", "A restart helps."}),
              "Xorg (PID 12): a socket: CRIU cannot carry it over; a restart helps");
}

TEST(Obstacle, LeavesOutWhatIsNotSaid) {
    EXPECT_EQ(sentence({0, "", "kernel 6.1 runs already", "", "choose another kernel"}),
              "kernel 6.1 runs already; choose another kernel");
    EXPECT_EQ(sentence({0, "", "2 command(s) of nap exec", "They end.", ""}),
              "2 command(s) of nap exec: they end");
    EXPECT_EQ(sentence({7, "", "a perf event", "", ""}), "PID 7: a perf event");
    EXPECT_EQ(sentence({0, "", "", "Why.", ""}), "why");
    EXPECT_EQ(sentence({}), "");
}

TEST(Obstacle, IsOneLine) {
    EXPECT_EQ(sentence({3, "a\nb", "c\n  d", "", "e\t."}), "a b (PID 3): c   d; e");
}

}  // namespace
}  // namespace nap::update
