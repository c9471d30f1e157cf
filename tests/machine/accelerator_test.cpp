// SPDX-License-Identifier: GPL-2.0-only
// When KVM is used.
#include "machine/definition/accelerator.hpp"

#include <gtest/gtest.h>

namespace nap::machine {
namespace {

constexpr const char* kIntel = "processor\t: 0\nflags\t\t: fpu vme vmx sse\nbugs\t\t: spectre_v1\n";
constexpr const char* kAmd = "processor\t: 0\nflags\t\t: fpu svm\n";
constexpr const char* kGuest = "processor\t: 0\nflags\t\t: fpu vmx_no xsvm\nvmx flags\t: vnmi svm\n";

TEST(Accelerator, IsKvmWhereFlagsAndDeviceAgree) {
    EXPECT_EQ(decide_accelerator("", kIntel, {}).accelerator, Accelerator::kvm);
    EXPECT_EQ(decide_accelerator("", kAmd, {}).accelerator, Accelerator::kvm);
}

TEST(Accelerator, IsTcgWhereTheFlagIsMissing) {
    for (const char* cpuinfo : {kGuest, "", "flags", "\nflags"}) {
        auto choice = decide_accelerator("", cpuinfo, {});
        EXPECT_EQ(choice.accelerator, Accelerator::tcg) << cpuinfo;
        EXPECT_NE(choice.reason.find("vmx"), std::string::npos);
    }
}

TEST(Accelerator, SaysWhyTheDeviceIsOfNoUse) {
    auto choice = decide_accelerator("", kIntel, fail(ErrorKind::permission, "cannot open /dev/kvm"));
    EXPECT_EQ(choice.accelerator, Accelerator::tcg);
    EXPECT_EQ(choice.reason, "cannot open /dev/kvm");
}

TEST(Accelerator, IsWhatTheUserAsksFor) {
    EXPECT_EQ(decide_accelerator("kvm", "", fail(ErrorKind::io, "no")).accelerator, Accelerator::kvm);
    EXPECT_EQ(decide_accelerator("tcg", kIntel, {}).accelerator, Accelerator::tcg);
}

TEST(Accelerator, CanBeChosenHere) {
    EXPECT_FALSE(choose_accelerator().reason.empty());
}

}  // namespace
}  // namespace nap::machine
