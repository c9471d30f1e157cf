// SPDX-License-Identifier: GPL-2.0-only
// The machine's clocks over an update: they go on with the host's, however long each step takes.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "e2e/clock_watch.hpp"
#include "e2e/machine.hpp"

namespace nap::e2e {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

void expect_same(const char* clock, std::int64_t before, std::int64_t after, nanoseconds within) {
    EXPECT_LE(std::abs(after - before), nanoseconds(20ms + within).count())
        << clock << " is off by " << (after - before) / 1'000'000.0 << " ms, known within "
        << within.count() / 1'000'000.0 << " ms";
    std::cerr << clock << " is off by " << (after - before) / 1'000'000.0 << " ms, known within "
              << within.count() / 1'000'000.0 << " ms\n";
}

nanoseconds within(const ClockAhead& before, const ClockAhead& after) {
    return (before.within + after.within) / 2;
}

void expect_unchanged(const ClockAhead& before, const ClockAhead& after) {
    expect_same("CLOCK_MONOTONIC", before.monotonic, after.monotonic, within(before, after));
    expect_same("CLOCK_BOOTTIME", before.boottime, after.boottime, within(before, after));
    expect_same("CLOCK_REALTIME", before.realtime, after.realtime, within(before, after));
}

TEST(Clocks, GoOnWithTheHosts) {
    const Machine machine({.testing = true});
    machine.install_states();
    const auto begin = watch_clocks(machine);

    // Every call of both agents is late, before and after its work
    const auto slow = machine.update(kernels().newer, {"NAP_TEST_FAULT=slow:prepare.booted"});
    ASSERT_EQ(slow.status, 0) << slow.out;
    expect_unchanged(begin, watch_clocks(machine));

    // A time of day of the machine's own, and a userland that has been in another kernel
    ASSERT_EQ(machine.exec({"date", "-s", "2031-02-03 04:05:06"}).status, 0);
    const auto set = watch_clocks(machine);
    const auto back = machine.update(kernels().older);
    ASSERT_EQ(back.status, 0) << back.out;
    expect_unchanged(set, watch_clocks(machine));

    // What stood still in an update that was rolled back: CLOCK_MONOTONIC, and nothing else
    const auto failed = machine.update(kernels().newer, {"NAP_TEST_FAULT=restore"});
    ASSERT_NE(failed.status, 0) << failed.out;
    const auto after = watch_clocks(machine);
    expect_same("CLOCK_REALTIME", set.realtime, after.realtime, within(set, after));
    EXPECT_LT(after.monotonic, set.monotonic);
}

}  // namespace
}  // namespace nap::e2e
