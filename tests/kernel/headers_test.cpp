// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/headers.hpp"

#include <gmock/gmock.h>

#include "tests/kernel/fixtures.hpp"

namespace nap::kernel {
namespace {

namespace fs = std::filesystem;

TEST(Headers, ReferencesAreTurnedToWhereTheyLie) {
    testing::TemporaryDirectory temporary;
    const auto tree = fs::canonical(temporary.path());
    const auto flavour = tree / "usr/src/linux-headers-6.1.0-47-cloud-amd64";
    testing::write(flavour / "Makefile", "include /usr/src/linux-headers-6.1.0-47-common/Makefile\n");
    testing::write(flavour / ".kernelvariables",
                   "A = /usr/lib/linux-kbuild-6.1/a /usr/src/linux-x /usr/lib/other\n");
    fs::create_symlink("/usr/lib/linux-kbuild-6.1/scripts", flavour / "scripts");
    fs::create_symlink("../../lib/linux-kbuild-6.1/tools", flavour / "tools");
    testing::write(tree / "usr/src/linux-headers-6.1.0-47-common/Makefile", "all:\n");

    auto build = settle_headers(tree, "6.1.0-47-cloud-amd64");
    ASSERT_TRUE(build) << build.error().message;
    EXPECT_EQ(*build, flavour);
    const auto root = tree.string();
    EXPECT_EQ(testing::read(flavour / "Makefile"),
              "include " + root + "/usr/src/linux-headers-6.1.0-47-common/Makefile\n");
    EXPECT_EQ(testing::read(flavour / ".kernelvariables"),
              "A = " + root + "/usr/lib/linux-kbuild-6.1/a " + root + "/usr/src/linux-x /usr/lib/other\n");
    EXPECT_EQ(fs::read_symlink(flavour / "scripts"), tree / "usr/lib/linux-kbuild-6.1/scripts");
    EXPECT_EQ(fs::read_symlink(flavour / "tools"), "../../lib/linux-kbuild-6.1/tools");
}

TEST(Headers, ThoseOfAnotherKernelAreNoneOfThisOne) {
    testing::TemporaryDirectory temporary;
    testing::write(temporary.path() / "usr/src/linux-headers-6.1.0-46/Makefile", "");
    auto build = settle_headers(temporary.path(), "6.1.0-47");
    ASSERT_FALSE(build);
    EXPECT_THAT(build.error().message, ::testing::HasSubstr("linux-headers-6.1.0-47"));
}

}  // namespace
}  // namespace nap::kernel
