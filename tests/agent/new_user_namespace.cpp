// SPDX-License-Identifier: GPL-2.0-only
#include "agent/carried/namespaces/new_user_namespace.hpp"

#include <gtest/gtest.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nap::agent {
namespace {

// As a process in it reads it.
std::string inside(int fd, const char* file) {
    auto told = make_pipe();
    if (!told) return "";
    const pid_t child = ::fork();
    if (child == 0) {
        if (::setns(fd, CLONE_NEWUSER) != 0) ::_exit(1);
        const auto text = read_file(std::string("/proc/self/") + file);
        if (!text || ::write(told->write.get(), text->data(), text->size()) < 0) ::_exit(1);
        ::_exit(0);
    }
    told->write.reset();
    std::string text(4096, '\0');
    const auto size = ::read(told->read.get(), text.data(), text.size());
    ::waitpid(child, nullptr, 0);
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
}

TEST(NewUserNamespace, HasOwnerMapsAndTheRuleOfGroups) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root maps others' ids";
    const auto made = make_user_namespace({.owner = 1000,
                                           .uid_map = "0 0 1\n1000 1000 1\n",
                                           .gid_map = "5 7 2\n",
                                           .projid_map = "",
                                           .groups = false});
    if (!made && made.error().message.find("Operation not permitted") != std::string::npos)
        GTEST_SKIP() << made.error().message;
    ASSERT_TRUE(made) << made.error().message;
    uid_t owner = 0;
    ASSERT_EQ(::ioctl(made->get(), NS_GET_OWNER_UID, &owner), 0);
    EXPECT_EQ(owner, 1000U);
    EXPECT_EQ(inside(made->get(), "uid_map"),
              "         0          0          1\n      1000       1000          1\n");
    EXPECT_EQ(inside(made->get(), "gid_map"), "         5          7          2\n");
    EXPECT_EQ(inside(made->get(), "setgroups"), "deny\n");
    EXPECT_EQ(::geteuid(), 0U);
}

TEST(NewUserNamespace, MayHaveNoMaps) {
    const auto made = make_user_namespace({});
    if (!made) GTEST_SKIP() << made.error().message;
    EXPECT_EQ(inside(made->get(), "uid_map"), "");
}

}  // namespace
}  // namespace nap::agent
