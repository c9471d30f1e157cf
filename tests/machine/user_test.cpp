// SPDX-License-Identifier: GPL-2.0-only
// Whom a machine's QEMU runs as.
#include "machine/definition/user.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "tests/machine/scratch.hpp"

namespace nap::machine {
namespace {

TEST(User, IsOneOfItsOwnForEachMachine) {
    EXPECT_EQ(user_of("/lib/machines/web"), user_of("/lib/machines/web"));
    EXPECT_NE(user_of("/lib/machines/web"), user_of("/lib/machines/web2"));
    EXPECT_NE(user_of("/lib/machines/web"), user_of("/lib2/machines/web"));
    for (int i = 0; i < 1000; ++i) {
        auto user = user_of(std::to_string(i));
        EXPECT_GE(user, kFirstUser);
        EXPECT_LT(user - kFirstUser, kUsers);
    }
}

TEST(User, HasNoGroupBesideItsOwnWithoutKvm) {
    auto credentials = credentials_of("/lib/machines/web", Accelerator::tcg);
    ASSERT_TRUE(credentials);
    EXPECT_EQ(credentials->user, credentials->group);
    EXPECT_TRUE(credentials->groups.empty());
}

TEST(User, GetsADeviceByItsGroup) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    test::Scratch scratch;
    const auto device = scratch.path / "kvm";
    std::ofstream(device).flush();
    const auto with = [&device](gid_t group, mode_t mode) {
        EXPECT_EQ(::chown(device.c_str(), 0, group), 0);
        EXPECT_EQ(::chmod(device.c_str(), mode), 0);
        return groups_for(device);
    };
    EXPECT_EQ(with(106, 0660), std::vector<gid_t>{106});
    EXPECT_EQ(with(0, 0666), std::vector<gid_t>{});
    EXPECT_EQ(with(0, 0660).error().kind, ErrorKind::permission);
    EXPECT_EQ(with(106, 0640).error().kind, ErrorKind::permission);
    EXPECT_EQ(with(65534, 0660).error().kind, ErrorKind::permission);  // not mapped into a container
    EXPECT_EQ(groups_for(scratch.path / "none").error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace nap::machine
