// SPDX-License-Identifier: GPL-2.0-only
// A machine whose kernels are its own: created from what is in its disk's /boot, updated to what its package
// manager has installed there. The host's store is empty.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "e2e/state.hpp"

namespace nap::e2e {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kName = "own";

fs::path package(const std::string& name) {
    for (const auto& entry : fs::directory_iterator(build_directory() / "test/debs"))
        if (entry.path().filename().string().starts_with(name + '_')) return entry.path();
    ADD_FAILURE() << "no package " << name << "; run scripts/test";
    return {};
}

class OwnKernel : public testing::Test {
  protected:
    OwnKernel() : disk_(state_.root() / "disk.img") {
        EXPECT_EQ(
            call({"cp", "--sparse=always", (build_directory() / "disk/systemd.img").string(), disk_.string()},
                 kLong)
                .status,
            0);
        const auto installed = call({NAP_TEST_SOURCE "/tests/e2e/install-kernel", disk_.string(),
                                     package("linux-image-" + kernels().older).string()},
                                    kLong);
        EXPECT_EQ(installed.status, 0) << installed.out;
    }
    ~OwnKernel() override {
        if (HasFailure()) std::cerr << nap({"log", kName}).out;
        (void)nap({"stop", kName});
    }

    [[nodiscard]] Output nap(const Arguments& arguments) const {
        Arguments argv{(build_directory() / "bin/nap").string(), "--root", state_.root().string()};
        argv.insert(argv.end(), arguments.begin(), arguments.end());
        return call(argv, kLong);
    }
    Output inside(const std::string& script) const { return nap({"exec", kName, "--", "sh", "-c", script}); }
    void install_inside(const std::string& name) const {
        ASSERT_EQ(nap({"cp", package(name).string(), std::string(kName) + ":/root/"}).status, 0);
        // As apt does, but for what an initramfs would be made with
        const auto installed = inside("dpkg --force-depends -i /root/" + name + "_*.deb && rm /root/*.deb");
        ASSERT_EQ(installed.status, 0) << installed.out;
    }
    [[nodiscard]] const fs::path& disk() const { return disk_; }

  private:
    State state_;
    fs::path disk_;
};

std::string loaded_of(const std::string& lines) {
    return "lsmod | grep -o -E '^(" + lines + ")' | sort";
}

TEST_F(OwnKernel, IsTakenFromBootAtCreationAndByUpdate) {
    const auto created = nap({"create", kName, "--disk", disk().string(), "--memory", "768M"});
    ASSERT_EQ(created.status, 0) << created.out;
    EXPECT_THAT(created.out, HasSubstr("own: kernel " + kernels().older + ", of its own /boot"));
    EXPECT_THAT(nap({"kernel", "list"}).out,
                AllOf(HasSubstr(kernels().older), HasSubstr("/boot of own; runs own")));
    ASSERT_EQ(nap({"start", kName}).status, 0);
    EXPECT_EQ(inside("uname -r").out, kernels().older + "\n");
    ASSERT_TRUE(eventually([&] { return inside("systemctl is-system-running").out == "running\n"; },
                           std::chrono::minutes(5)))
        << inside("systemctl --failed --no-pager").out;
    // By hand, with a parameter that can only be set then; by the kernel itself
    EXPECT_EQ(inside("modprobe -r loop && modprobe loop max_loop=3 && modprobe dummy").status, 0);
    EXPECT_EQ(inside("ip link add probe type ifb && ip link del probe").out, "");
    const std::string modules = loaded_of("loop|dummy|ifb|evdev|fuse|tun|veth");
    EXPECT_EQ(inside(modules).out, "dummy\nevdev\nfuse\nifb\nloop\n");
    const auto nothing = nap({"update", kName});
    EXPECT_EQ(nothing.status, 0) << nothing.out;
    EXPECT_THAT(nothing.out, HasSubstr("already runs the newest kernel of its /boot, " + kernels().older));

    // What a /boot that was full leaves: dpkg's own, and a kernel that ends early
    inside("head -c 3000000 /boot/vmlinuz-" + kernels().older +
           " >/boot/vmlinuz-6.99.0-1-amd64; touch "
           "/boot/vmlinuz-7.0.0-1-amd64.dpkg-new");
    for (const auto* command : {"update", "check"}) {
        const auto refused = nap({command, kName});
        EXPECT_EQ(refused.status, 1);
        EXPECT_THAT(refused.out, AllOf(HasSubstr("/boot/vmlinuz-6.99.0-1-amd64"), HasSubstr("full")));
    }
    EXPECT_EQ(inside("rm /boot/vmlinuz-6.99.0-1-amd64; uname -r").out, kernels().older + "\n");

    install_inside("linux-base");
    install_inside("linux-image-" + kernels().newer);
    inside("touch /run/reboot-required; echo linux-image-" + kernels().newer + " >/run/reboot-required.pkgs");
    const auto pids = inside("systemctl show -p MainPID redis-server nginx ssh cron").out;
    const auto checked = nap({"check", kName});
    EXPECT_EQ(checked.status, 0) << checked.out;
    EXPECT_THAT(checked.out,
                HasSubstr("the newest kernel of its /boot, " + kernels().newer + ", can be had"));

    const auto updated = nap({"update", kName, "--max-pause", "120s"});
    ASSERT_EQ(updated.status, 0) << updated.out;
    EXPECT_EQ(inside("uname -r").out, kernels().newer + "\n");
    EXPECT_EQ(inside(modules).out, "dummy\nevdev\nfuse\nifb\nloop\n");
    EXPECT_EQ(inside("cat /sys/module/loop/parameters/max_loop").out, "3\n");
    EXPECT_EQ(inside("modprobe bonding && ip link add probe type bridge && ip link del probe").out, "");
    EXPECT_EQ(inside("systemctl is-system-running").out, "running\n");
    EXPECT_EQ(inside("systemctl show -p MainPID redis-server nginx ssh cron").out, pids);
    EXPECT_THAT(inside("ls /run/reboot-required*").out, HasSubstr("No such file"));
    EXPECT_THAT(nap({"update", kName}).out, HasSubstr("already runs the newest kernel of its /boot"));
    EXPECT_THAT(
        nap({"kernel", "list"}).out,
        AllOf(HasSubstr(kernels().newer), HasSubstr("/boot of own; runs own"), HasSubstr(kernels().older)));
    EXPECT_EQ(nap({"kernel", "rm", kernels().newer, "--machine", kName}).status, 1);
    EXPECT_EQ(nap({"kernel", "rm", kernels().older, "--machine", kName}).status, 0);
    EXPECT_THAT(nap({"kernel", "list"}).out, Not(HasSubstr(kernels().older)));
}

}  // namespace
}  // namespace nap::e2e
