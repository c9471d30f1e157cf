// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/kernel_wide.hpp"

#include <gmock/gmock.h>
#include <sched.h>

#include "agent/carried/swap.hpp"
#include "agent/userland/namespaces.hpp"

namespace nap::agent {
namespace {

TEST(Swaps, AreParsed) {
    const auto spaces = parse_swaps(
        "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
        "/swap\\040file                            file\t\t1024\t\t0\t\t-2\n"
        "/dev/vdb                                partition\t1024\t\t0\t\t7\n");
    ASSERT_EQ(spaces.size(), 2U);
    EXPECT_EQ(spaces[0].path, "/swap file");
    EXPECT_EQ(spaces[0].priority, -2);
    EXPECT_EQ(spaces[1].priority, 7);
}

TEST(KernelWide, InterfacesThatProgramsMadeAreNamed) {
    Obstacles before, after;
    const auto done = in_own_thread([&]() -> Result<> {
        if (::unshare(CLONE_NEWNET) != 0) return fail_errno("unshare");
        before = find_in_network();
        if (std::system("ip tuntap add t0 mode tap") != 0)  // NOLINT(cert-env33-c)
            return fail(ErrorKind::unsupported, "no tap here");
        after = find_in_network();
        return {};
    });
    if (!done) GTEST_SKIP() << done.error().message;
    EXPECT_TRUE(before.empty());
    ASSERT_EQ(after.size(), 1U);
    EXPECT_EQ(after[0].finding.what, "the network interface t0 (tun)");
}

}  // namespace
}  // namespace nap::agent
