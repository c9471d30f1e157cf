// SPDX-License-Identifier: GPL-2.0-only
// What lies on the host otherwise than it should: damaged, out of reach, in use, too long.
#include "e2e/state.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "update/journal.hpp"

namespace nap::e2e {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using update::Step;

const nlohmann::json kFromAToB = {
    {"older_kernel", "a"}, {"older_number", 1}, {"newer_kernel", "b"}, {"newer_number", 2}};

TEST(State, KernelsOfAnUpdateAreInUseUntilItIsOver) {
    const State state;
    state.add_machine("m", "c");
    for (auto version : {"a", "b", "c", "d"}) state.add_kernel(version);
    auto journal = update::Journal::begin(state.paths().machine("m").journal(), kFromAToB);
    ASSERT_TRUE(journal);
    const auto newer = state.nap({"kernel", "rm", "b"}), older = state.nap({"kernel", "rm", "a"});
    EXPECT_EQ(newer.status, 1);
    EXPECT_THAT(newer.out, HasSubstr("kernel b is the one machine m is being updated to"));
    EXPECT_EQ(older.status, 1);
    EXPECT_THAT(older.out, HasSubstr("kernel a is the one machine m is being updated from"));
    EXPECT_THAT(state.nap({"kernel", "rm", "c"}).out, HasSubstr("kernel c is the one machine m runs"));
    EXPECT_EQ(state.nap({"kernel", "rm", "d"}).status, 0);

    ASSERT_TRUE(journal->reach(Step::rolled_back));
    EXPECT_EQ(state.nap({"kernel", "rm", "b"}).status, 0);
    EXPECT_EQ(state.nap({"kernel", "rm", "a"}).status, 0);
    EXPECT_EQ(state.nap({"kernel", "rm", "c"}).status, 1);
}

TEST(State, ADamagedKernelHidesNoOther) {
    const State state;
    state.add_kernel("6.1.0-47");
    write(state.paths().kernels() / "6.1.0-9/kernel.json", "{");
    write(state.paths().kernels() / "notes", "");
    const auto list = state.nap({"kernel", "list"});
    EXPECT_EQ(list.status, 1);
    EXPECT_THAT(list.out, AllOf(HasSubstr("6.1.0-47 "), HasSubstr("kernel 6.1.0-9 is damaged"),
                                HasSubstr("nap kernel rm 6.1.0-9"), Not(HasSubstr("notes"))));
    EXPECT_EQ(state.nap({"kernel", "rm", "6.1.0-9"}).status, 0);
    EXPECT_EQ(state.nap({"kernel", "list"}).status, 0);
    EXPECT_EQ(state.nap({"kernel", "rm", "notes"}).status, 1);
}

}  // namespace
}  // namespace nap::e2e
