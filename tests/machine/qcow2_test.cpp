// SPDX-License-Identifier: GPL-2.0-only
// Headers of qcow2 images, as qemu-img writes them and as somebody hostile does.
#include "machine/disk/qcow2.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/fd.hpp"
#include "base/process.hpp"
#include "base/units.hpp"
#include "tests/machine/scratch.hpp"

namespace nap::machine {
namespace {

using testing::HasSubstr;

std::string made(const std::vector<std::string>& more) {
    test::Scratch scratch;
    const auto base = scratch.path / "base", image = scratch.path / "image";
    Command command{.argv = {"qemu-img", "create", "-q", "-f", "raw", base, "64M"}};
    EXPECT_EQ(run(command, std::chrono::seconds(30))->status, 0);
    command.argv = {"qemu-img", "create", "-q", "-f", "qcow2"};
    command.argv.insert(command.argv.end(), more.begin(), more.end());
    command.argv.insert(command.argv.end(), {image, "64M"});
    command.working_directory = scratch.path;
    EXPECT_EQ(run(command, std::chrono::seconds(30))->status, 0);
    return read_file(image, 1 << 20)->substr(0, kQcow2Header);
}

Result<std::uint64_t> size_in(std::string_view header) {
    return qcow2_size(as_bytes(header), "disk.img");
}

TEST(Qcow2, SizeIsReadFromBothVersions) {
    EXPECT_EQ(size_in(made({})), 64 * kMiB);
    EXPECT_EQ(size_in(made({"-o", "compat=0.10"})), 64 * kMiB);
}

TEST(Qcow2, ThatNamesFurtherFilesIsRefused) {
    const auto backed = size_in(made({"-b", "base", "-F", "raw"}));
    ASSERT_FALSE(backed);
    EXPECT_EQ(backed.error().kind, ErrorKind::unsupported);
    EXPECT_THAT(backed.error().message, HasSubstr("backing file"));
    const auto external = size_in(made({"-o", "data_file=base,data_file_raw=on"}));
    ASSERT_FALSE(external);
    EXPECT_EQ(external.error().kind, ErrorKind::unsupported);
}

TEST(Qcow2, OfOtherKindsAndLengthsIsRefused) {
    const auto header = made({});
    for (std::size_t length = 0; length < header.size(); ++length)
        EXPECT_FALSE(size_in(header.substr(0, length))) << length;
    auto other = header;
    other[7] = 4;
    EXPECT_EQ(size_in(other).error().kind, ErrorKind::unsupported);
    auto encrypted = header;
    encrypted[35] = 1;
    EXPECT_THAT(size_in(encrypted).error().message, HasSubstr("encrypted"));
    EXPECT_FALSE(size_in(std::string(512, '\0')));
}

}  // namespace
}  // namespace nap::machine
