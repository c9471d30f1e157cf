// SPDX-License-Identifier: GPL-2.0-only
#include "agent/machine/anchors.hpp"

#include <gtest/gtest.h>

#include "agent/machine/symbols.hpp"

namespace nap::agent {
namespace {

constexpr const char* kKallsyms =
    "ffffffff81000000 T _text\nffffffff81000000 T _stext\nffffffff82a10480 D init_task\n"
    "ffffffff82b0aef0 D vmemmap_base\nffffffff82b0af00 D page_offset_base\nffffffffc0000000 t x\t[ext4]\n";

TEST(Anchors, AreTheAddressesOfTheSymbols) {
    const auto found = find_symbols(kKallsyms);
    ASSERT_TRUE(found);
    EXPECT_EQ((*found)["text"], 0xffffffff81000000);
    EXPECT_EQ((*found)["init_task"], 0xffffffff82a10480);
    EXPECT_EQ((*found)["page_offset_base"], 0xffffffff82b0af00);
    EXPECT_EQ((*found)["vmemmap_base"], 0xffffffff82b0aef0);
}

TEST(Anchors, NameTheSymbolThatIsMissing) {
    const auto found = find_symbols("ffffffff81000000 T _text\n");
    ASSERT_FALSE(found);
    EXPECT_NE(found.error().message.find("init_task"), std::string::npos);
}

TEST(Symbols, AreHiddenWhereTextLiesNowhere) {
    EXPECT_FALSE(addresses_hidden(kKallsyms));
    EXPECT_FALSE(addresses_hidden("0000000000000000 A fixed_percpu_data\nffffffff81000000 T _text\n"));
    EXPECT_TRUE(addresses_hidden("0000000000000000 A fixed_percpu_data\n0000000000000000 T _text\n"));
}

TEST(Anchors, KernelCodeIsThePhysicalAddressOfText) {
    EXPECT_EQ(find_kernel_code("00001000-0009fbff : System RAM\n00100000-1fffffff : System RAM\n"
                               "  13c00000-14a02000 : Kernel code\n  14c00000-150b1fff : Kernel rodata\n")
                  .value(),
              0x13c00000u);
    EXPECT_FALSE(find_kernel_code("00001000-0009fbff : System RAM\n"));
}

}  // namespace
}  // namespace nap::agent
