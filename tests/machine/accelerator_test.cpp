// SPDX-License-Identifier: GPL-2.0-only
// When KVM is used.
#include "machine/definition/accelerator.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "machine/definition/user.hpp"
#include "tests/machine/scratch.hpp"

namespace nap::machine {
namespace {

constexpr const char* kIntel = "processor\t: 0\nflags\t\t: fpu vme vmx sse\nbugs\t\t: spectre_v1\n";
constexpr const char* kAmd = "processor\t: 0\nflags\t\t: fpu svm\n";
constexpr const char* kGuest = "processor\t: 0\nflags\t\t: fpu vmx_no xsvm\nvmx flags\t: vnmi svm\n";

Result<> works() {
    return {};
}

TEST(Accelerator, IsKvmWhereFlagsAndDeviceAgree) {
    EXPECT_EQ(decide_accelerator("", kIntel, works).accelerator, Accelerator::kvm);
    EXPECT_EQ(decide_accelerator("", kAmd, works).accelerator, Accelerator::kvm);
}

TEST(Accelerator, IsTcgWhereTheFlagIsMissing) {
    for (const char* cpuinfo : {kGuest, "", "flags", "\nflags"}) {
        auto choice = decide_accelerator("", cpuinfo, works);
        EXPECT_EQ(choice.accelerator, Accelerator::tcg) << cpuinfo;
        EXPECT_NE(choice.reason.find("vmx"), std::string::npos);
    }
}

TEST(Accelerator, SaysWhyTheDeviceIsOfNoUse) {
    auto choice = decide_accelerator(
        "", kIntel, [] { return Result<>(fail(ErrorKind::permission, "cannot open /dev/kvm")); });
    EXPECT_EQ(choice.accelerator, Accelerator::tcg);
    EXPECT_EQ(choice.reason, "cannot open /dev/kvm");
}

TEST(Accelerator, IsWhatTheUserAsksFor) {
    EXPECT_EQ(decide_accelerator("kvm", "", [] { return Result<>(fail(ErrorKind::io, "no")); }).accelerator,
              Accelerator::kvm);
    EXPECT_EQ(decide_accelerator("tcg", kIntel, works).accelerator, Accelerator::tcg);
}

TEST(Accelerator, CanBeChosenHere) {
    EXPECT_FALSE(choose_accelerator(kFirstUser).reason.empty());
    const auto absent = choose_accelerator(kFirstUser, "/dev/no-kvm-here");
    EXPECT_EQ(absent.accelerator, Accelerator::tcg);
}

// A node of this number stands for /dev/kvm, whether there is such a device or not: rights come first.
class Device : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root";
        ASSERT_EQ(::chmod(scratch.path.c_str(), 0755), 0);
        std::ofstream(device).flush();
    }
    Result<> with(gid_t group, mode_t mode) {
        EXPECT_EQ(::chown(device.c_str(), 0, group), 0);
        EXPECT_EQ(::chmod(device.c_str(), mode), 0);
        return try_device_as(kFirstUser + 7, device);
    }
    test::Scratch scratch;
    const std::filesystem::path device = scratch.path / "kvm";
};

TEST_F(Device, LetsQemuInByItsModeOrItsGroup) {
    EXPECT_TRUE(with(106, 0660));
    EXPECT_TRUE(with(0, 0666));
    EXPECT_EQ(with(0, 0600).error().kind, ErrorKind::permission);
    EXPECT_EQ(with(0, 0660).error().kind, ErrorKind::permission);
    EXPECT_EQ(with(106, 0600).error().kind, ErrorKind::permission);
    EXPECT_EQ(with(106, 0640).error().kind, ErrorKind::permission);
    EXPECT_EQ(with(65534, 0660).error().kind, ErrorKind::permission);
}

// As access control lists and containers do it: the mode says yes, the kernel says no.
TEST_F(Device, IsTriedNotBelieved) {
    ASSERT_EQ(::chmod(scratch.path.c_str(), 0700), 0);
    const auto tried = with(0, 0666);
    ASSERT_FALSE(tried);
    EXPECT_EQ(tried.error().kind, ErrorKind::permission);
    EXPECT_NE(tried.error().message.find("Permission denied"), std::string::npos) << tried.error().message;
}

TEST_F(Device, ThatIsAbsentIsSaidToBe) {
    const auto tried = try_device_as(kFirstUser, scratch.path / "none");
    ASSERT_FALSE(tried);
    EXPECT_EQ(tried.error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace nap::machine
