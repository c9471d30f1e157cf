// SPDX-License-Identifier: GPL-2.0-only
// Disk and network handed from one guest to the next, with real kernels. The folder NAP_TEST_GUEST holds
// vmlinuz and initramfs (make-guest-initramfs), whose /init runs the lines it reads from the agent's port as
// a shell.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <cstdlib>

#include "channel/unix_socket.hpp"
#include "machine/definition/user.hpp"
#include "machine/disk/block.hpp"
#include "machine/disk/disk.hpp"
#include "machine/memory_file.hpp"
#include "machine/network/network_hold.hpp"
#include "machine/qemu/qemu_process.hpp"
#include "tests/machine/scratch.hpp"

namespace nap::machine {
namespace {

using testing::HasSubstr;
using testing::Not;
constexpr std::chrono::seconds kLong{180};
const uid_t kUser = ::geteuid() == 0 ? user_of("guest-test") : ::geteuid();

struct Guest {
    GenerationSpec spec;
    Qemu qemu;
    UniqueFd port;

    // Up to "RC=<status>"
    std::string hear(std::chrono::milliseconds limit = kLong) {
        std::string text;
        char buffer[4096];
        for (pollfd ready{port.get(), POLLIN, 0}; ::poll(&ready, 1, static_cast<int>(limit.count())) > 0;) {
            auto got = ::read(port.get(), buffer, sizeof buffer);
            if (got <= 0) break;
            text.append(buffer, static_cast<std::size_t>(got));
            if (text.ends_with("\n") && text.find("RC=") != std::string::npos) return text;
        }
        return text + " (no answer)";
    }
    std::string sh(const std::string& line) {
        EXPECT_TRUE(write_all(port.get(), line + "\n"));
        auto answer = hear();
        EXPECT_THAT(answer, HasSubstr("RC=0")) << line;
        return answer;
    }
};

class GuestTest : public testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        if (guest_files.empty()) GTEST_SKIP() << "needs NAP_TEST_GUEST";
        ASSERT_TRUE(create_memory_file(scratch.path / "u", 256 * kMiB, kUser));
    }
    static std::string tool(std::vector<std::string> argv, int expected = 0) {
        auto name = argv[0] + " " + argv[1];
        auto output = run({.argv = std::move(argv)}, kLong);
        EXPECT_TRUE(output && output->status == expected) << name << ": " << (output ? output->out : "");
        return output ? output->out : "";
    }
    void make_disk(const std::string& format) {
        auto raw = scratch.path / "fs.raw";
        image = {scratch.path / "image", format, false};
        tool({"qemu-img", "create", "-q", "-f", "raw", raw, "96M"});
        tool({"mkfs.ext4", "-q", "-F", raw});
        tool({"qemu-img", "convert", "-f", "raw", "-O", format, raw, image.path});
    }
    void check_disk(const std::vector<std::string>& files) {
        auto raw = scratch.path / "check.raw";
        tool({"qemu-img", "convert", "-f", image.format, "-O", "raw", image.path, raw});
        // A file system that was not unmounted: the journal is replayed, then all must be clean
        auto replayed = run({.argv = {"e2fsck", "-fp", raw}}, kLong);
        EXPECT_LE(replayed->status, 1) << replayed->out;
        EXPECT_THAT(tool({"e2fsck", "-fn", raw}), Not(HasSubstr("rror")));
        auto listed = tool({"debugfs", "-R", "ls -p /", raw});
        for (const auto& name : files) EXPECT_THAT(listed, HasSubstr("/" + name + "/"));
    }
    Guest boot(int number, bool newer, const TapQueue* tap = nullptr) {
        auto name = [&](const char* what) { return scratch.path / (std::to_string(number) + what); };
        GenerationSpec spec;
        spec.machine = "test";
        spec.number = number;
        spec.vmlinuz = guest_files / "vmlinuz";
        spec.initramfs = guest_files / "initramfs";
        spec.layout = {256 * kMiB, 256 * kMiB};
        spec.kernel_memory_file = name("k");
        spec.user_memory_file = scratch.path / "u";
        spec.newer = newer;
        spec.disk = image.path;
        spec.disk_format = image.format;
        spec.overlay = name("overlay");
        spec.network = tap != nullptr;
        spec.credentials = {.user = kUser, .group = kUser};
        spec.mac = "52:54:00:00:00:01";
        std::filesystem::create_directory(name("gen"));
        spec.qmp_socket = name("gen") / "qmp.sock";
        spec.agent_socket = name("gen") / "agent.sock";
        spec.console_log = name("console");
        EXPECT_TRUE(create_memory_file(spec.kernel_memory_file, spec.layout.kernel_memory, kUser));
        if (newer) {
            EXPECT_TRUE(create_overlay(spec.overlay, 96 * kMiB));
        }
        auto qemu = start_qemu(spec, tap, kLong);
        if (!qemu) throw std::runtime_error(qemu.error().message);
        auto port = channel::connect_unix(spec.agent_socket);
        Guest guest{spec, std::move(*qemu), std::move(*port)};
        guest.sh("true");  // up
        return guest;
    }
    const std::filesystem::path guest_files =
        std::getenv("NAP_TEST_GUEST") ? std::getenv("NAP_TEST_GUEST") : "";
    test::Scratch scratch{"/dev/shm"};
    Image image;
};

constexpr const char* kMount = "blockdev --flushbufs /dev/vda; mkdir -p /mnt; mount -t ext4 /dev/vda /mnt";

TEST_P(GuestTest, DiskGoesToTheNewerGenerationAndBackOrIsMerged) {
    make_disk(GetParam());
    auto older = boot(1, false);
    older.sh(kMount);
    older.sh("dd if=/dev/urandom of=/mnt/early bs=1M count=20 2>/dev/null");
    auto newer = boot(2, true);
    older.sh("echo late > /mnt/late; sync");
    auto sum = older.sh("md5sum < /mnt/early");

    // First try: attached, written to, rolled back
    ASSERT_TRUE(older.qemu.qmp->execute("stop"));
    auto began = std::chrono::steady_clock::now();
    auto attached = attach_backing(*newer.qemu.qmp, image);
    ASSERT_TRUE(attached) << attached.error().message;
    auto took = std::chrono::steady_clock::now() - began;
    std::printf("attach: %.1f ms\n", std::chrono::duration<double, std::milli>(took).count());
    newer.sh(kMount);
    EXPECT_EQ(newer.sh("md5sum < /mnt/early"), sum);
    EXPECT_THAT(newer.sh("cat /mnt/late"), HasSubstr("late"));
    newer.sh("dd if=/dev/zero of=/mnt/early bs=1M count=20 conv=notrunc 2>/dev/null; rm /mnt/late; sync");
    newer.qemu.process.kill_and_wait();
    ASSERT_TRUE(older.qemu.qmp->execute("cont"));
    EXPECT_EQ(older.sh("echo 3 > /proc/sys/vm/drop_caches; md5sum < /mnt/early"), sum);
    older.sh("cat /mnt/late; echo rolled > /mnt/rolled-back; sync");

    // Second try: committed
    auto newest = boot(3, true);
    older.sh("mount -o remount,ro /mnt; sync");
    ASSERT_TRUE(older.qemu.qmp->execute("stop"));
    ASSERT_TRUE(attach_backing(*newest.qemu.qmp, image));
    newest.sh(kMount);
    EXPECT_EQ(newest.sh("md5sum < /mnt/early"), sum);
    newest.sh("cat /mnt/rolled-back; dd if=/dev/urandom of=/mnt/new bs=1M count=8 2>/dev/null; sync");
    older.qemu.process.kill_and_wait();
    newest.sh(
        "(i=0; while [ $i -lt 150 ]; do echo $i > /mnt/w$i; sync; i=$((i+1)); done; echo end > /mnt/end) "
        "> /dev/null 2>&1 &");
    began = std::chrono::steady_clock::now();
    auto merged = merge_into_image(*newest.qemu.qmp, image, newest.spec.overlay, kLong);
    ASSERT_TRUE(merged) << merged.error().message;
    took = std::chrono::steady_clock::now() - began;
    std::printf("merge: %.1f ms\n", std::chrono::duration<double, std::milli>(took).count());
    newest.sh(
        "while [ ! -e /mnt/end ]; do sleep 0.2; done; md5sum < /mnt/early; echo after > /mnt/after; sync");
    ASSERT_TRUE(newest.qemu.qmp->execute("stop"));
    newest.qemu.process.kill_and_wait();
    check_disk({"early", "late", "rolled-back", "new", "w0", "w149", "end", "after"});
}

INSTANTIATE_TEST_SUITE_P(Formats, GuestTest, testing::Values("raw", "qcow2"));

class GuestNetwork : public GuestTest {
  protected:
    void SetUp() override {
        GuestTest::SetUp();
        if (IsSkipped()) return;
        if (::geteuid() != 0) GTEST_SKIP() << "needs root";
        tool({"ip", "netns", "add", netns});
    }
    void TearDown() override {
        if (!IsSkipped()) tool({"ip", "netns", "del", netns});
    }
    int ping(int count) {
        auto output = run({.argv = {"ip", "netns", "exec", netns, "busybox", "ping", "-c",
                                    std::to_string(count), "-W", "2", "192.0.2.2"}},
                          kLong);
        return output ? output->status : -1;
    }
    // Bytes the interface received from its queues
    std::uint64_t sent_by_guests() {
        auto text = tool({"ip", "netns", "exec", netns, "cat", "/proc/net/dev"});
        return std::strtoull(text.c_str() + text.find("tap0:") + 5, nullptr, 10);
    }
    std::string netns = "nap-guest-" + std::to_string(::getpid());
};

constexpr const char* kNic =
    "ip link set eth0 up; ip addr add 192.0.2.2/24 dev eth0; "
    "echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_dad";
constexpr const char* kReceived = "grep eth0 /proc/net/dev | tr -s ' ' | cut -d' ' -f3,4";

TEST_F(GuestNetwork, PacketsOfTheWindowReachTheNewerGenerationAfterRelease) {
    make_disk("raw");
    auto queue = TapQueue::open("tap0", netns, true);
    ASSERT_TRUE(queue) << queue.error().message;
    tool({"ip", "-n", netns, "addr", "add", "192.0.2.1/24", "dev", "tap0"});
    auto older = boot(1, false, &*queue);
    older.sh(kNic);
    EXPECT_EQ(ping(3), 0);

    // The newer one boots beside it, the older's network unharmed
    auto newer_queue = TapQueue::open("tap0", netns, false);
    ASSERT_TRUE(newer_queue);
    auto pinger = Process::start({.argv = {"ip", "netns", "exec", netns, "busybox", "ping", "-c", "60", "-i",
                                           "0.1", "-W", "2", "192.0.2.2"},
                                  .descriptors = {}});
    ASSERT_TRUE(pinger);
    auto newer = boot(2, true, &*newer_queue);
    newer.sh(kNic);
    auto pinged = pinger->wait(kLong);
    EXPECT_TRUE(pinged && *pinged == 0);
    EXPECT_EQ(ping(3), 0);

    // What the newer sends does not get out, even attached
    newer.sh("ping -c 3 -W 1 192.0.2.1; true");
    // The older one may send until it stops
    ASSERT_TRUE(older.qemu.qmp->execute("stop"));
    auto before = sent_by_guests();
    ASSERT_TRUE(newer_queue->attach());
    ASSERT_TRUE(queue->detach());
    newer.sh("ping -c 3 -W 1 192.0.2.1; true");
    EXPECT_EQ(sent_by_guests(), before);

    // An echo request and a connection attempt in the window
    newer.sh("(echo hello | nc -l -p 80 > /tmp/connection &) ; sleep 0.5");
    auto received = newer.sh(kReceived);
    auto echo = Process::start(
        {.argv = {"ip", "netns", "exec", netns, "busybox", "ping", "-c", "1", "-W", "60", "192.0.2.2"}});
    ASSERT_TRUE(echo);
    auto client =
        Process::start({.argv = {"ip", "netns", "exec", netns, "bash", "-c",
                                 "exec 3<>/dev/tcp/192.0.2.2/80; read -r line <&3; [ $line = hello ]"}});
    ASSERT_TRUE(client);
    ::usleep(500000);
    EXPECT_EQ(newer.sh(kReceived), received);
    EXPECT_EQ(sent_by_guests(), before);

    auto released = release_network(*newer.qemu.qmp);
    ASSERT_TRUE(released) << released.error().message;
    auto ended = client->wait(std::chrono::seconds(20));
    EXPECT_TRUE(ended && *ended == 0);
    EXPECT_GT(sent_by_guests(), before);
    auto echoed = echo->wait(std::chrono::seconds(20));
    EXPECT_TRUE(echoed && *echoed == 0);
    EXPECT_EQ(ping(3), 0);

    // And all the way back: hold, detach, the older goes on
    ASSERT_TRUE(hold_network(*newer.qemu.qmp));
    ASSERT_TRUE(queue->attach());
    ASSERT_TRUE(newer_queue->detach());
    newer.qemu.process.kill_and_wait();
    ASSERT_TRUE(older.qemu.qmp->execute("cont"));
    EXPECT_EQ(ping(3), 0);
}

}  // namespace
}  // namespace nap::machine
