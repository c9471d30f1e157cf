// SPDX-License-Identifier: GPL-2.0-only
#include "base/error.hpp"

#include <gtest/gtest.h>

#include <cerrno>

using namespace nap;

namespace {

TEST(ErrorKind, NamesRoundTrip) {
    for (int i = 0; i <= static_cast<int>(ErrorKind::internal); ++i) {
        auto kind = static_cast<ErrorKind>(i);
        EXPECT_EQ(error_kind_from(to_string(kind)), kind);
    }
    EXPECT_EQ(error_kind_from("nonsense"), ErrorKind::internal);
}

TEST(Error, WithinSaysWhatWasAttempted) {
    auto error = Error{ErrorKind::io, "disk full"}.within("cannot save");
    EXPECT_EQ(error.message, "cannot save: disk full");
    EXPECT_EQ(error.kind, ErrorKind::io);
}

TEST(Error, KindFollowsFromErrno) {
    EXPECT_EQ(fail_errno("x", EACCES).error().kind, ErrorKind::permission);
    EXPECT_EQ(fail_errno("x", ENOENT).error().kind, ErrorKind::not_found);
    EXPECT_EQ(fail_errno("x", EBUSY).error().kind, ErrorKind::busy);
    EXPECT_EQ(fail_errno("x", ENOSPC).error().kind, ErrorKind::resources);
    EXPECT_EQ(fail_errno("x", ETIMEDOUT).error().kind, ErrorKind::timeout);
    EXPECT_EQ(fail_errno("x", EIO).error().kind, ErrorKind::io);
    EXPECT_EQ(fail_errno("cannot open it", ENOENT).error().message,
              "cannot open it: No such file or directory");
}

Result<int> half(int n) {
    if (n % 2) return fail(ErrorKind::usage, "odd");
    return n / 2;
}

Result<int> quarter(int n) {
    NAP_TRY(int once, half(n));
    NAP_TRY(int twice, half(once));
    return twice;
}

Result<> both_even(int a, int b) {
    NAP_CHECK(half(a));
    NAP_CHECK(half(b));
    return {};
}

TEST(Macros, PassValuesAndErrorsOn) {
    EXPECT_EQ(quarter(12), 3);
    EXPECT_EQ(quarter(6).error().message, "odd");
    EXPECT_TRUE(both_even(2, 4));
    EXPECT_FALSE(both_even(2, 3));
}

}  // namespace
