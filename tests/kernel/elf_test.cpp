// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/image/elf.hpp"

#include <elf.h>
#include <gmock/gmock.h>

#include <cstddef>

#include "base/fd.hpp"
#include "tests/kernel/fixtures.hpp"

namespace nap::kernel {
namespace {

using testing::elf;
using testing::little_endian;

std::string text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(Elf, FindsASection) {
    auto file = elf({{".text", "code"}, {".BTF", "types"}});
    auto section = elf_section(as_bytes(file), ".BTF");
    ASSERT_TRUE(section) << section.error().message;
    EXPECT_EQ(text(*section), "types");
}

TEST(Elf, SaysThatASectionIsMissing) {
    auto file = elf({{".text", "code"}});
    auto section = elf_section(as_bytes(file), ".BTF");
    ASSERT_FALSE(section);
    EXPECT_EQ(section.error().kind, ErrorKind::not_found);
    EXPECT_THAT(section.error().message, ::testing::HasSubstr(".BTF"));
}

TEST(Elf, EveryTruncationIsAnErrorOrTheSection) {
    auto whole = elf({{".BTF", "types"}});
    for (std::size_t size = 0; size < whole.size(); ++size) {
        auto file = whole.substr(0, size);
        EXPECT_FALSE(elf_section(as_bytes(file), ".BTF")) << size;
        (void)elf_interpreter(as_bytes(file));
    }
}

TEST(Elf, OffsetsOutsideOfTheFileAreErrors) {
    auto file = elf({{".BTF", "types"}});
    file.replace(offsetof(Elf64_Ehdr, e_shoff), 8, little_endian(~0ULL - 8, 8));
    auto section = elf_section(as_bytes(file), ".BTF");
    ASSERT_FALSE(section);
    EXPECT_EQ(section.error().kind, ErrorKind::protocol);
}

TEST(Elf, ASectionLargerThanTheFileIsAnError) {
    auto file = elf({{".BTF", "types"}});
    auto table = file.size() - 3 * sizeof(Elf64_Shdr);
    auto size = table + 2 * sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, sh_size);
    file.replace(size, 8, little_endian(~0ULL, 8));
    EXPECT_FALSE(elf_section(as_bytes(file), ".BTF"));
}

TEST(Elf, RefusesOtherClasses) {
    auto file = elf({{".BTF", "types"}});
    file[EI_CLASS] = ELFCLASS32;
    EXPECT_FALSE(elf_section(as_bytes(file), ".BTF"));
}

TEST(Elf, ThisProgramHasALoaderAndAnElfWithoutSegmentsHasNone) {
    auto self = testing::read("/proc/self/exe");
    auto loader = elf_interpreter(as_bytes(self));
    ASSERT_TRUE(loader);
    ASSERT_TRUE(*loader);
    EXPECT_THAT(**loader, ::testing::HasSubstr("ld-linux"));
    auto none = elf_interpreter(as_bytes(elf({})));
    ASSERT_TRUE(none);
    EXPECT_FALSE(*none);
}

}  // namespace
}  // namespace nap::kernel
