// SPDX-License-Identifier: GPL-2.0-only
// System calls that wait to go on, read out of a fake kernel.
#include "walk/interrupted_calls.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/walk/fake_kernel.hpp"

namespace nap::walk {
namespace {

using context::InterruptedCall;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

constexpr std::int64_t kNow = 5'000'000'000;

class InterruptedCalls : public testing::TestWithParam<bool> {
  protected:
    FakeKernel kernel{GetParam()};
    FakeKernel::Process process = kernel.add("sleeper", 1);

    [[nodiscard]] Result<std::vector<InterruptedCall>> read(FutexFlags flags = {}) const {
        return interrupted_calls(kernel.bytes(), kernel.layout(), kernel.anchors(), 101, kNow, flags);
    }
    void sleep(std::uint64_t at, std::int32_t clock, std::uint32_t type, std::uint64_t result,
               std::int64_t expires) {
        kernel.put(at, clock);
        kernel.put(at + 4, type);
        kernel.put(at + 8, result);
        kernel.put(at + 16, expires);
    }
};
INSTANTIATE_TEST_SUITE_P(Levels, InterruptedCalls, testing::Bool(),
                         [](const auto& levels) { return levels.param ? "five" : "four"; });

TEST_P(InterruptedCalls, NoneOfThreadsWithAnotherResult) {
    sleep(kernel.interrupt(process.task, FakeKernel::kSleepRestart, -4), 1, 1, 0x7000, kNow + 7);
    EXPECT_THAT(read().value(), testing::IsEmpty());
}

TEST_P(InterruptedCalls, OneThatWasAboutToGoOn) {
    const auto at = kernel.interrupt(process.task, FakeKernel::kSleepRestart, 219);
    sleep(at, 1, 1, 0x7000, kNow + 7);
    EXPECT_EQ(read().value().size(), 1u);
    kernel.interrupt(process.task, FakeKernel::kText + 0x5000, 219);
    EXPECT_THAT(read().value(), testing::IsEmpty());
}

TEST_P(InterruptedCalls, SleepsAreGivenByTheTimeLeft) {
    sleep(kernel.interrupt(process.task, FakeKernel::kSleepRestart), 1, 1, 0x7000, kNow + 7);
    const auto second = kernel.add_thread(process, {{103, 1}, {3, 2}});
    sleep(kernel.interrupt(second, FakeKernel::kSleepRestart), 7, 0, 0x7000, kNow - 9);
    const auto third = kernel.add_thread(process, {{104, 1}, {4, 2}});
    sleep(kernel.interrupt(third, FakeKernel::kProcessorSleepRestart), -6, 0, 0, 11);
    EXPECT_THAT(read().value(),
                UnorderedElementsAre(
                    InterruptedCall{.tid = 1, .kind = 1, .clock = 1, .address = 0x7000, .time = 7},
                    InterruptedCall{.tid = 3, .kind = 1, .clock = 7, .time = 0},  // no result is wanted
                    InterruptedCall{.tid = 4, .kind = 2, .clock = -6, .time = 11}));
}

TEST_P(InterruptedCalls, FutexFlagsAreThoseOfTheKernel) {
    const auto at = kernel.interrupt(process.task, FakeKernel::kFutexRestart);
    kernel.put<std::uint64_t>(at, 0x8000);
    kernel.put<std::uint32_t>(at + 8, 12);
    kernel.put<std::uint32_t>(at + 12, 0x40 | 0x10);
    kernel.put<std::uint32_t>(at + 16, 0xffff);
    kernel.put<std::int64_t>(at + 24, kNow + 20);
    InterruptedCall expected{
        .tid = 1, .kind = 4, .flags = 3, .address = 0x8000, .time = 20, .value = 12, .bitset = 0xffff};
    EXPECT_THAT(read(futex_flags_of("6.12.117+deb12-cloud-amd64")).value(), ElementsAre(expected));
    kernel.put<std::uint32_t>(at + 12, 4 | 2);
    expected.flags = context::kCallTimed | context::kCallRealtime;
    expected.time = kNow + 20;
    EXPECT_THAT(read(futex_flags_of("6.1.0-47-cloud-amd64")).value(), ElementsAre(expected));
}

TEST_P(InterruptedCalls, PollsWithAndWithoutLimit) {
    const auto at = kernel.interrupt(process.task, FakeKernel::kPollRestart);
    kernel.put<std::uint64_t>(at, 0x9000);
    kernel.put<std::int32_t>(at + 8, 2);
    EXPECT_THAT(read().value(),
                ElementsAre(InterruptedCall{.tid = 1, .kind = 5, .address = 0x9000, .value = 2}));
    kernel.put<std::int32_t>(at + 12, 1);
    kernel.put<std::int64_t>(at + 16, 6);
    kernel.put<std::int64_t>(at + 24, 5);
    EXPECT_THAT(read().value(),
                ElementsAre(InterruptedCall{
                    .tid = 1, .kind = 5, .flags = 1, .address = 0x9000, .time = 1'000'000'005, .value = 2}));
}

TEST_P(InterruptedCalls, RegistersBeforeFredsPadding) {
    const auto at = kernel.interrupt(process.task, FakeKernel::kPollRestart);
    kernel.put<std::uint64_t>(at, 0x9000);
    const auto registers = kernel.registers(process.task);
    kernel.put<std::uint64_t>(registers + 136, 0), kernel.put<std::uint64_t>(registers + 160, 0);
    kernel.put<std::uint64_t>(registers - 16 + 136, 0xabcd'0033);
    kernel.put<std::uint64_t>(registers - 16 + 160, 0x2b);
    kernel.put<std::int64_t>(registers - 16 + 80, -516);
    EXPECT_EQ(read().value().size(), 1u);
}

TEST_P(InterruptedCalls, WhatIsNotKnownIsAnErrorThatNamesTheThread) {
    kernel.interrupt(process.task, FakeKernel::kText + 0x5000);
    EXPECT_THAT(read().error().message, AllOf(HasSubstr("thread 1"), HasSubstr("0xffffffff81005000")));
    kernel.put<std::uint64_t>(kernel.registers(process.task) + 136, 0x10);
    EXPECT_THAT(read().error().message, HasSubstr("registers"));
}

TEST(FutexFlags, ChangedWith6_7) {
    EXPECT_EQ(futex_flags_of("6.1.0-47-cloud-amd64").timed, 4u);
    EXPECT_EQ(futex_flags_of("6.7.1").timed, 0x40u);
    EXPECT_EQ(futex_flags_of("7.0").timed, 0x40u);
}

}  // namespace
}  // namespace nap::walk
