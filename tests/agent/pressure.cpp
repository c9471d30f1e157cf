// SPDX-License-Identifier: GPL-2.0-only
// Pressure triggers as they were written.
#include "agent/carried/pressure.hpp"

#include <gtest/gtest.h>

namespace nap::agent {
namespace {

TEST(TellsPressure, KnowsTheFilesTriggersAreWrittenTo) {
    EXPECT_TRUE(tells_pressure("/proc/pressure/memory"));
    EXPECT_TRUE(tells_pressure("/sys/fs/cgroup/system.slice/memory.pressure"));
    EXPECT_FALSE(tells_pressure("/proc/meminfo"));
    EXPECT_FALSE(tells_pressure("/sys/fs/cgroup/cgroup.events"));
}

TEST(TriggerText, IsAsItWasWritten) {
    EXPECT_EQ(trigger_text("/proc/pressure/memory", 2, 150'000'000, 1'000'000'000), "some 150000 1000000");
    EXPECT_EQ(trigger_text("/proc/pressure/io", 1, 50'000'000, 2'000'000'000), "full 50000 2000000");
    EXPECT_EQ(trigger_text("/proc/pressure/irq", 6, 50'000'000, 2'000'000'000), "full 50000 2000000");
}

}  // namespace
}  // namespace nap::agent
