// SPDX-License-Identifier: GPL-2.0-only
#include "update/guard.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace nap::update {
namespace {

TEST(Guard, GivesBackOnceAtTheEnd) {
    int count = 0;
    {
        Guard guard([&]() -> Result<> { return ++count, Result<>{}; }, {});
        EXPECT_EQ(count, 0);
    }
    EXPECT_EQ(count, 1);
}

TEST(Guard, GivesBackNothingOnceDismissed) {
    int count = 0;
    {
        Guard guard([&]() -> Result<> { return ++count, Result<>{}; }, {});
        guard.dismiss();
    }
    EXPECT_EQ(count, 0);
}

TEST(Guard, MovesItsDuty) {
    int count = 0;
    Guard kept;
    {
        Guard guard([&]() -> Result<> { return ++count, Result<>{}; }, {});
        kept = std::move(guard);
    }
    EXPECT_EQ(count, 0);
    kept.give_back();
    kept.give_back();
    EXPECT_EQ(count, 1);
}

TEST(Guard, AssignmentGivesBackWhatWasHeld) {
    std::string order;
    Guard guard([&]() -> Result<> { return order += "a", Result<>{}; }, {});
    guard = Guard([&]() -> Result<> { return order += "b", Result<>{}; }, {});
    EXPECT_EQ(order, "a");
    guard.give_back();
    EXPECT_EQ(order, "ab");
}

TEST(Guard, ReportsWhatCouldNotBeGivenBack) {
    std::string problem;
    auto note = [&](const Error& error) { problem = error.message; };
    {
        Guard guard([]() -> Result<> { return fail(ErrorKind::io, "no"); }, note);
    }
    EXPECT_EQ(problem, "no");
    {
        Guard guard([]() -> Result<> { throw std::runtime_error("thrown"); }, note);
    }
    EXPECT_EQ(problem, "thrown");
}

}  // namespace
}  // namespace nap::update
