// SPDX-License-Identifier: GPL-2.0-only
// QEMU that ends at once, and what is said about it.
#include "machine/qemu_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/machine/scratch.hpp"

namespace nap::machine {
namespace {

TEST(LastLines, AreTheLastOnesWithoutControlCharacters) {
    EXPECT_EQ(last_lines("", 3), "");
    EXPECT_EQ(last_lines("one", 3), "one");
    EXPECT_EQ(last_lines("one\n\n\ntwo\r\nthree\n\n", 2), "two\nthree");
    EXPECT_EQ(last_lines("one\ntwo", 5), "one\ntwo");
    EXPECT_EQ(last_lines("\n\n", 5), "");
    EXPECT_EQ(last_lines(std::string(5000, 'x'), 1).size(), 2000U);
}

TEST(QemuProcess, ThatEndsAtOnceTellsWhy) {
    test::Scratch scratch;
    GenerationSpec spec;
    spec.machine = "web";
    spec.number = 7;
    spec.layout = {512 * kMiB, kGiB};
    spec.vmlinuz = scratch.path / "no-kernel";
    spec.initramfs = scratch.path / "no-initramfs";
    spec.disk = scratch.path / "no-disk";
    spec.disk_format = "raw";
    spec.kernel_memory_file = scratch.path / "k";
    spec.user_memory_file = scratch.path / "u";
    spec.qmp_socket = scratch.path / "qmp.sock";
    spec.agent_socket = scratch.path / "agent.sock";
    spec.console_log = scratch.path / "console.log";
    std::ofstream(spec.console_log) << "Kernel panic - not syncing\n";

    auto began = std::chrono::steady_clock::now();
    auto qemu = start_qemu(spec, nullptr, std::chrono::seconds(30));
    ASSERT_FALSE(qemu);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20));
    EXPECT_THAT(qemu.error().message, testing::HasSubstr("Generation 7 of web: QEMU ended with status 1"));
    EXPECT_THAT(qemu.error().message, testing::HasSubstr("no-disk"));
    EXPECT_THAT(qemu.error().message, testing::HasSubstr("Kernel panic"));
}

}  // namespace
}  // namespace nap::machine
