// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/image/vmlinuz.hpp"

#include <gmock/gmock.h>

#include "base/fd.hpp"
#include "kernel/package/compressed.hpp"
#include "tests/kernel/fixtures.hpp"

namespace nap::kernel {
namespace {

using testing::boot_image;
using testing::compressed;
using testing::Compression;
using testing::little_endian;

const std::string kKernel = testing::elf({{".BTF", std::string(5000, 't')}});

// As the kernel's build makes it: the size is appended to what does not end with it by itself.
std::string payload(Compression how, std::size_t size = kKernel.size()) {
    return compressed(kKernel, how) + (how == Compression::gzip ? "" : little_endian(size, 4));
}

class BootImageOf : public ::testing::TestWithParam<Compression> {};

TEST_P(BootImageOf, GivesTheKernelInIt) {
    auto file = boot_image("6.1.0-47-cloud-amd64 (debian-kernel) #1 SMP", payload(GetParam()));
    auto image = parse_boot_image(as_bytes(file));
    ASSERT_TRUE(image) << image.error().message;
    EXPECT_EQ(image->version, "6.1.0-47-cloud-amd64");
    auto kernel = unpack_vmlinux(*image);
    ASSERT_TRUE(kernel) << kernel.error().message;
    EXPECT_EQ(*kernel, kKernel);
}

INSTANTIATE_TEST_SUITE_P(EachCompression, BootImageOf,
                         ::testing::Values(Compression::none, Compression::gzip, Compression::xz,
                                           Compression::zstd, Compression::lz4));

TEST(BootImage, EveryTruncationIsAnError) {
    auto whole = boot_image("6.1.0", payload(Compression::xz));
    whole.resize(whole.size() - std::string_view("checksum").size());
    for (std::size_t size = 0; size < whole.size(); size += 7)
        EXPECT_FALSE(parse_boot_image(as_bytes(std::string_view(whole).substr(0, size)))) << size;
}

TEST(BootImage, OtherFilesAreNone) {
    auto image = parse_boot_image(as_bytes(kKernel));
    ASSERT_FALSE(image);
    EXPECT_THAT(image.error().message, ::testing::HasSubstr("bzImage"));
}

TEST(BootImage, APayloadOutsideOfTheFileIsAnError) {
    auto file = boot_image("6.1.0", payload(Compression::xz));
    file.replace(0x248, 4, little_endian(0xffffffff, 4));
    EXPECT_FALSE(parse_boot_image(as_bytes(file)));
}

TEST(BootImage, AnImpossibleSizeIsAnError) {
    auto file = boot_image("6.1.0", payload(Compression::xz, 0xfffffff0));
    EXPECT_FALSE(parse_boot_image(as_bytes(file)));
}

TEST(BootImage, AKernelLargerOrSmallerThanSaidIsAnError) {
    for (auto size : {kKernel.size() - 1, kKernel.size() + 1}) {
        auto file = boot_image("6.1.0", payload(Compression::zstd, size));
        auto image = parse_boot_image(as_bytes(file));
        ASSERT_TRUE(image);
        EXPECT_FALSE(unpack_vmlinux(*image));
    }
}

TEST(BootImage, DamagedPayloadsAreErrors) {
    auto damaged = payload(Compression::xz);
    damaged[damaged.size() / 2] ^= 0x55;
    auto file = boot_image("6.1.0", damaged);
    auto image = parse_boot_image(as_bytes(file));
    ASSERT_TRUE(image);
    EXPECT_FALSE(unpack_vmlinux(*image));
}

TEST(BootImage, AVersionOutsideOfTheSetupIsAnError) {
    auto file = boot_image("6.1.0", payload(Compression::xz));
    file.replace(0x20e, 2, little_endian(0xffff, 2));
    EXPECT_FALSE(parse_boot_image(as_bytes(file)));
}

TEST(Decompress, LeavesPlainBytesAndKeepsTheLimit) {
    EXPECT_EQ(decompress(as_bytes("plain"), 100).value(), "plain");
    EXPECT_EQ(decompress({}, 100).value(), "");
    auto bomb = compressed(std::string(100000, '\0'), Compression::xz);
    auto limited = decompress(as_bytes(bomb), 1000);
    ASSERT_FALSE(limited);
    EXPECT_THAT(limited.error().message, ::testing::HasSubstr("1000"));
}

}  // namespace
}  // namespace nap::kernel
