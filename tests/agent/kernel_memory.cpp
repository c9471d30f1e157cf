// SPDX-License-Identifier: GPL-2.0-only
// Looking into the running kernel: segments of /proc/kcore, fields by BTF, addresses of /proc/kallsyms.
#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <string>

#include "agent/kernel_memory/fields.hpp"
#include "agent/kernel_memory/running_kernel.hpp"
#include "agent/kernel_memory/segments.hpp"
#include "tests/walk/btf_builder.hpp"

namespace nap::agent {
namespace {
using testing::HasSubstr;

std::string core_head(std::initializer_list<Segment> segments) {
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_phoff = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = static_cast<Elf64_Half>(segments.size());
    std::string head(reinterpret_cast<const char*>(&header), sizeof header);
    for (const Segment& segment : segments) {
        Elf64_Phdr program{};
        program.p_type = segment.size == 0 ? PT_NOTE : PT_LOAD;
        program.p_vaddr = segment.address;
        program.p_memsz = segment.size;
        program.p_offset = segment.offset;
        head.append(reinterpret_cast<const char*>(&program), sizeof program);
    }
    return head;
}

TEST(KernelMemory, FindsAddressesInSegments) {
    const auto segments = parse_segments(as_bytes(core_head(
        {{0, 0, 0x100}, {0xffffffff80000000, 0x2000, 0x1000}, {0xffff888000000000, 0x1000, 0x8000}})));
    ASSERT_TRUE(segments) << segments.error().message;
    ASSERT_EQ(segments->size(), 2);
    EXPECT_EQ(find_in_segments(*segments, 0xffffffff80000010, 8), 0x1010);
    EXPECT_EQ(find_in_segments(*segments, 0xffff888000000ff8, 8), 0x8ff8);
    EXPECT_EQ(find_in_segments(*segments, 0xffff888000000ff9, 8), std::nullopt);
    EXPECT_EQ(find_in_segments(*segments, 0xffff888000000000, 0x1001), std::nullopt);
    EXPECT_EQ(find_in_segments(*segments, 0x1000, 8), std::nullopt);
    EXPECT_EQ(find_in_segments(*segments, ~0ULL - 2, 8), std::nullopt);
}

TEST(KernelMemory, RefusesWhatIsNoCoreFile) {
    EXPECT_THAT(parse_segments(as_bytes("ELF?")).error().message, HasSubstr("no ELF file"));
    const std::string whole = core_head({{0x1000, 0x1000, 0x1000}});
    EXPECT_THAT(parse_segments(as_bytes(whole.substr(0, whole.size() - 1))).error().message,
                HasSubstr("program headers"));
}

TEST(KernelMemory, AsksForAFieldThatIsMissing) {
    walk::BtfBuilder builder;
    const auto integer = builder.other(1, 0, 1);
    builder.structure("task_struct", 64, {{"pid", integer, 128}});
    const auto bytes = builder.bytes();
    const auto btf = walk::Btf::parse(bytes);
    ASSERT_TRUE(btf);
    const Fields fields = Fields::resolve(*btf);
    EXPECT_EQ(fields.offset("task_struct", "pid").value(), 16);
    EXPECT_EQ(fields.size("task_struct").value(), 64);
    EXPECT_THAT(fields.offset("task_struct", "cred").error().message, HasSubstr("task_struct.cred"));
}

TEST(KernelMemory, FindsSymbolsWithTheirModulesAside) {
    constexpr std::array<std::string_view, 3> wanted = {"init_task", "key_serial_tree", "hidden"};
    const auto found = find_addresses(
        "ffffffff81000000 T _text\nffffffff82c1a940 D init_task\nffffffffc0000000 d "
        "key_serial_tree_old\t[x]\n"
        "0000000000000000 D hidden\nffffffff83cc1280 B key_serial_tree\n",
        wanted);
    ASSERT_EQ(found.size(), 2);
    EXPECT_EQ(found.at("init_task"), 0xffffffff82c1a940);
    EXPECT_EQ(found.at("key_serial_tree"), 0xffffffff83cc1280);
}

}  // namespace
}  // namespace nap::agent
