// SPDX-License-Identifier: GPL-2.0-only
// QEMU that ends at once, and what is said about it.
#include "machine/qemu/qemu_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <fstream>
#include <optional>

#include "machine/definition/user.hpp"
#include "machine/memory_file.hpp"
#include "tests/machine/scratch.hpp"

namespace nap::machine {
namespace {

// A kernel by the multiboot specification (its a.out kludge), which is `code`, executed at 1 MiB.
std::string multiboot(std::string_view code) {
    constexpr std::uint32_t kMagic = 0x1badb002, kAddresses = 1 << 16, kAt = 0x10'0000;
    constexpr std::uint32_t kHeader = 32;
    const auto end = kAt + kHeader + static_cast<std::uint32_t>(code.size());
    const std::uint32_t words[] = {kMagic, kAddresses,   0U - kMagic - kAddresses, kAt, kAt, end,
                                   end,    kAt + kHeader};
    std::string image(reinterpret_cast<const char*>(words), sizeof words);
    image += code;
    image.resize(8192);  // QEMU looks for the header in so much of it
    return image;
}
std::string multiboot_that_halts() {
    return multiboot("\xf4\xeb\xfd");  // hlt; jmp -3
}
std::string multiboot_that_faults() {
    using namespace std::string_view_literals;
    // lidt of a table without entries; int3
    return multiboot(
        "\x0f\x01\x1d\x30\x00\x10\x00\xcc\x90\x90\x90\x90\x90\x90\x90\x90\x00\x00\x00\x00\x00\x00"sv);
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
    std::optional<End> told;
    auto qemu = start_qemu(spec, nullptr, std::chrono::seconds(60), [&told](const End& end) { told = end; });
    ASSERT_FALSE(qemu);
    ASSERT_TRUE(told);
    EXPECT_EQ(told->kind, EndKind::failed);
    EXPECT_THAT(qemu.error().message, testing::HasSubstr("Generation 7 of web: QEMU ended with status 1"));
    EXPECT_THAT(qemu.error().message, testing::HasSubstr("could not load kernel"));
    EXPECT_THAT(qemu.error().message, testing::Not(testing::HasSubstr("panic")));
}

// What the guest itself would do needs a guest: tests/e2e/ends_test.cpp.
TEST_F(QemuProcess, ThatIsEndedFromOutsideTellsHow) {
    const std::pair<int, EndKind> signals[] = {{SIGKILL, EndKind::killed},
                                               {SIGTERM, EndKind::asked},
                                               {SIGBUS, EndKind::no_room},
                                               {SIGSEGV, EndKind::crashed}};
    std::ofstream(spec.vmlinuz) << multiboot_that_halts();
    for (const auto& [signal, kind] : signals) {
        auto qemu = start_qemu(spec, nullptr, std::chrono::seconds(60));
        ASSERT_TRUE(qemu) << qemu.error().message;
        EXPECT_FALSE(end_of(spec, *qemu));
        qemu->process.signal(signal);
        EXPECT_TRUE(qemu->qmp->wait_down(std::chrono::seconds(30)));
        const auto end = end_of(spec, *qemu);
        ASSERT_TRUE(end) << signal;
        EXPECT_EQ(end->kind, kind) << sentence(*end);
    }
}

TEST_F(QemuProcess, ThatIsToldToEndTellsSo) {
    std::ofstream(spec.vmlinuz) << multiboot_that_halts();
    auto qemu = start_qemu(spec, nullptr, std::chrono::seconds(60));
    ASSERT_TRUE(qemu) << qemu.error().message;
    EXPECT_TRUE(qemu->qmp->execute("quit"));
    const auto end = end_of(spec, *qemu);
    ASSERT_TRUE(end);
    EXPECT_EQ(end->kind, EndKind::asked) << sentence(*end);
    EXPECT_THAT(end->events, testing::Contains(testing::HasSubstr("host-qmp-quit")));
}

TEST_F(QemuProcess, ItsTripleFaultIsNoPanic) {
    std::ofstream(spec.vmlinuz) << multiboot_that_faults();
    auto qemu = start_qemu(spec, nullptr, std::chrono::seconds(60));
    // It may be over before it has greeted us
    if (!qemu) return;
    EXPECT_TRUE(qemu->qmp->wait_down(std::chrono::seconds(30)));
    const auto end = end_of(spec, *qemu);
    ASSERT_TRUE(end);
    EXPECT_EQ(end->kind, EndKind::reset) << sentence(*end);
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
