// SPDX-License-Identifier: GPL-2.0-only
// All that the kernel shows of every process, field by field, before and after updates there and back, with
// every guest state running. What may differ, and why: tests/guest-compare/exceptions.cpp.
#include <gtest/gtest.h>

#include "e2e/machine.hpp"

namespace nap::e2e {
namespace {

constexpr const char* kCompare = "/opt/nap-test/guest-compare";

void expect_as_before(const Machine& machine, const std::string& kernel) {
    const auto taken = machine.exec({kCompare, "snapshot", "/var/tmp/before"}, kLong);
    ASSERT_EQ(taken.status, 0) << taken.out;
    const auto updated = machine.update(kernel);
    ASSERT_EQ(updated.status, 0) << updated.out;
    const auto again = machine.exec({kCompare, "snapshot", "/var/tmp/after"}, kLong);
    ASSERT_EQ(again.status, 0) << again.out;
    const auto compared = machine.exec({kCompare, "differences", "/var/tmp/before", "/var/tmp/after"}, kLong);
    EXPECT_EQ(compared.status, 0) << compared.out;
}

TEST(Compare, NothingThatTheKernelShowsOfAProcessChanges) {
    const Machine machine({.cpus = 2});
    machine.install_states();
    const auto copied = nap(
        {"cp", (build_directory() / "guest-tests/guest-compare").string(), machine.name() + ":" + kCompare},
        kLong);
    ASSERT_EQ(copied.status, 0) << copied.out;
    const auto started = machine.states("start");
    ASSERT_EQ(started.status, 0) << started.out;
    expect_as_before(machine, kernels().newer);
    expect_as_before(machine, kernels().older);
}

}  // namespace
}  // namespace nap::e2e
