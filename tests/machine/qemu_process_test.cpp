// SPDX-License-Identifier: GPL-2.0-only
// QEMU that ends at once, and what is said about it.
#include "machine/qemu/qemu_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "machine/definition/user.hpp"
#include "machine/memory_file.hpp"
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

class QemuProcess : public testing::Test {
  protected:
    QemuProcess() {
        spec.machine = "web";
        spec.number = 7;
        spec.layout = {512 * kMiB, kGiB};
        spec.vmlinuz = empty("kernel");
        spec.initramfs = empty("initramfs");
        spec.disk = empty("disk");
        spec.disk_format = "raw";
        spec.kernel_memory_file = scratch.path / "k";
        spec.user_memory_file = scratch.path / "u";
        spec.qmp_socket = scratch.path / "qmp.sock";
        spec.agent_socket = scratch.path / "agent.sock";
        spec.console_log = scratch.path / "console.log";
        const uid_t user = ::geteuid() == 0 ? user_of(scratch.path) : ::geteuid();
        if (::geteuid() == 0) spec.credentials = {.user = user, .group = user};
        EXPECT_TRUE(create_memory_file(spec.kernel_memory_file, spec.layout.kernel_memory, user));
        EXPECT_TRUE(create_memory_file(spec.user_memory_file, spec.layout.user_memory, user));
    }
    std::filesystem::path empty(const char* name) {
        std::ofstream(scratch.path / name).flush();
        return scratch.path / name;
    }
    test::Scratch scratch{"/dev/shm"};
    GenerationSpec spec;
};

TEST_F(QemuProcess, ThatEndsAtOnceTellsWhy) {
    std::ofstream(spec.console_log) << "Kernel panic - not syncing: of a generation before\n";
    auto qemu = start_qemu(spec, nullptr, std::chrono::seconds(60));
    ASSERT_FALSE(qemu);
    EXPECT_THAT(qemu.error().message, testing::HasSubstr("Generation 7 of web: QEMU ended with status 1"));
    EXPECT_THAT(qemu.error().message, testing::HasSubstr("could not load kernel"));
    EXPECT_THAT(qemu.error().message, testing::Not(testing::HasSubstr("panic")));
}

TEST_F(QemuProcess, NeedsTheMachinesFiles) {
    spec.disk = scratch.path / "no-disk";
    auto qemu = start_qemu(spec, nullptr, std::chrono::seconds(60));
    ASSERT_FALSE(qemu);
    EXPECT_EQ(qemu.error().kind, ErrorKind::not_found);
    EXPECT_THAT(qemu.error().message, testing::HasSubstr("no-disk"));
}

// The store may lie where QEMU's user may not go, with files that root made for itself.
TEST_F(QemuProcess, GetsKernelFilesThatOnlyRootMayRead) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    std::filesystem::permissions(scratch.path, std::filesystem::perms::owner_all);
    std::filesystem::permissions(spec.vmlinuz, std::filesystem::perms::owner_read);
    auto qemu = start_qemu(spec, nullptr, std::chrono::seconds(60));
    ASSERT_FALSE(qemu);
    EXPECT_THAT(qemu.error().message, testing::HasSubstr("could not load kernel"));
    EXPECT_THAT(qemu.error().message, testing::Not(testing::HasSubstr("denied")));
}

}  // namespace
}  // namespace nap::machine
