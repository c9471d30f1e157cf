// SPDX-License-Identifier: GPL-2.0-only
// Which keys programs have made.
#include "agent/check/processes/keys.hpp"

#include <gtest/gtest.h>

namespace nap::agent {
namespace {

TEST(Keys, TheKernelsOwnAndEmptyOnesOfSessionsAreNobodys) {
    EXPECT_TRUE(is_programs_key("user", "token"));
    EXPECT_TRUE(is_programs_key("logon", "fscrypt:0123"));
    EXPECT_TRUE(is_programs_key("keyring", "mine"));
    EXPECT_FALSE(is_programs_key("keyring", ".builtin_trusted_keys"));
    EXPECT_FALSE(is_programs_key("keyring", "_ses"));
    EXPECT_FALSE(is_programs_key("keyring", "_uid.0"));
    EXPECT_FALSE(is_programs_key("asymmetric", "Debian Secure Boot CA"));
    EXPECT_FALSE(is_programs_key("user", "opal-boot-pin"));
    EXPECT_FALSE(is_programs_key("blacklist", "bin:00"));
}

}  // namespace
}  // namespace nap::agent
