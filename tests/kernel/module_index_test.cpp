// SPDX-License-Identifier: GPL-2.0-only
// Module index: what has to be loaded, in which order, for some modules to be there.
#include "kernel/installed/module_index.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nap::kernel {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// As depmod writes them: what is needed first comes last.
const Dependencies kIndex = parse_dependencies(
    "kernel/net/netfilter/nft_ct.ko: kernel/net/netfilter/nf_tables.ko kernel/net/netfilter/nf_conntrack.ko "
    "kernel/net/ipv4/netfilter/nf_defrag_ipv4.ko\n"
    "kernel/net/netfilter/nf_tables.ko:\n"
    "kernel/net/netfilter/nf_conntrack.ko: kernel/net/ipv4/netfilter/nf_defrag_ipv4.ko\n"
    "kernel/net/ipv4/netfilter/nf_defrag_ipv4.ko:\n"
    "kernel/drivers/net/dummy.ko.xz:\n"
    "kernel/crypto/crc32c-intel.ko:\n");
constexpr std::string_view kBuiltIn = "kernel/fs/ext4/ext4.ko\nkernel/lib/libcrc32c.ko\n";

TEST(NeededModules, WhatIsNeededComesFirst) {
    const auto needed = needed_modules(kIndex, kBuiltIn, {"nft_ct"}, {});
    EXPECT_THAT(
        needed.files,
        ElementsAre("kernel/net/ipv4/netfilter/nf_defrag_ipv4.ko", "kernel/net/netfilter/nf_conntrack.ko",
                    "kernel/net/netfilter/nf_tables.ko", "kernel/net/netfilter/nft_ct.ko"));
    EXPECT_THAT(needed.missing, IsEmpty());
}

TEST(NeededModules, OnceAndNotWhatIsThere) {
    const auto needed =
        needed_modules(kIndex, kBuiltIn, {"nf_conntrack", "nft_ct", "nft_ct"}, {"nf_tables", "dummy"});
    EXPECT_THAT(needed.files,
                ElementsAre("kernel/net/ipv4/netfilter/nf_defrag_ipv4.ko",
                            "kernel/net/netfilter/nf_conntrack.ko", "kernel/net/netfilter/nft_ct.ko"));
}

TEST(NeededModules, CompressedOnesAndThoseWithADashAreFoundByName) {
    EXPECT_THAT(needed_modules(kIndex, kBuiltIn, {"dummy", "crc32c_intel"}, {}).files,
                ElementsAre("kernel/drivers/net/dummy.ko.xz", "kernel/crypto/crc32c-intel.ko"));
}

TEST(NeededModules, BuiltInOnesAreNotMissing) {
    const auto needed = needed_modules(kIndex, kBuiltIn, {"ext4", "zfs"}, {});
    EXPECT_THAT(needed.files, IsEmpty());
    EXPECT_THAT(needed.missing, ElementsAre("zfs"));
}

TEST(ModuleIndex, PathsStayBeneathTheFolder) {
    EXPECT_TRUE(is_beneath("kernel/fs/ext4/ext4.ko"));
    EXPECT_FALSE(is_beneath("/etc/shadow"));
    EXPECT_FALSE(is_beneath("kernel/../../etc/shadow"));
}

}  // namespace
}  // namespace nap::kernel
