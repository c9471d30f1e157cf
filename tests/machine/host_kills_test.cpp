// SPDX-License-Identifier: GPL-2.0-only
// What the host's kernel says of processes it has killed.
#include "machine/qemu/host_kills.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <limits>

namespace nap::machine {
namespace {

constexpr const char* kRecord =
    "3,1021,99,-;Memory cgroup out of memory: Killed process 417 (qemu-system-x86) total-vm:9kB, UID:3\n";

TEST(HostKills, AreNamedByTheKernelsLog) {
    EXPECT_TRUE(names_killed(kRecord, 417));
    EXPECT_FALSE(names_killed(kRecord, 41));
    EXPECT_FALSE(names_killed(kRecord, 4171));
    EXPECT_FALSE(names_killed("", 417));
}

TEST(HostKills, AreCounted) {
    EXPECT_EQ(kills_in("nr_free_pages 12\noom_kill 3\nswap_ra 4\n"), 3U);
    EXPECT_EQ(kills_in("nr_free_pages 12\n"), 0U);
    EXPECT_EQ(kills_in("x\noom_kill x\n"), 0U);
}

TEST(HostKills, AreNoneWhereTheirNumberHasNotGrown) {
    EXPECT_FALSE(killed_for_memory(::getpid(), std::numeric_limits<std::uint64_t>::max()));
}

}  // namespace
}  // namespace nap::machine
