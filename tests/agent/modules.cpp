// SPDX-License-Identifier: GPL-2.0-only
// Loaded modules, as /proc/modules lists them.
#include <gtest/gtest.h>

#include "agent/modules/autoload.hpp"
#include "agent/modules/loaded.hpp"

namespace nap::agent {
namespace {

TEST(ParseModules, AreInTheOrderInWhichTheyWereLoaded) {
    const auto modules = parse_modules(
        "nft_ct 24576 0 - Live 0x0000000000000000\n"
        "zfs 4194304 6 spl,zunicode, Live 0x0000000000000000 (POE)\n"
        "nap 45056 1 - Live 0x0000000000000000 (OE)\n"
        "dummy 16384 0 - Unloading 0x0000000000000000\n"
        "nf_conntrack 188416 1 nft_ct, Live 0x0000000000000000\n");
    ASSERT_EQ(modules.size(), 3u);
    EXPECT_EQ(modules[0].name, "nf_conntrack");
    EXPECT_FALSE(modules[0].foreign);
    EXPECT_EQ(modules[1].name, "zfs");
    EXPECT_TRUE(modules[1].foreign);
    EXPECT_EQ(modules[2].name, "nft_ct");
}

TEST(ParseModules, NothingIsLoaded) {
    EXPECT_TRUE(parse_modules("").empty());
    EXPECT_TRUE(parse_modules("broken\n\nlines of 4\n").empty());
}

TEST(Autoload, IsKnownByTheNameOfTheProgram) {
    EXPECT_TRUE(called_as_modprobe("/sbin/modprobe"));
    EXPECT_TRUE(called_as_modprobe("modprobe"));
    EXPECT_FALSE(called_as_modprobe("/init"));
    EXPECT_FALSE(called_as_modprobe("nap-agent"));
}

}  // namespace
}  // namespace nap::agent
