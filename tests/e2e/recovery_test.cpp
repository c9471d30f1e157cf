// SPDX-License-Identifier: GPL-2.0-only
// The supervisor is killed (SIGKILL) at a point of an update: the next command finds exactly one generation,
// the older one before the commit record, the newer one after it, with the client's connection alive.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "e2e/leftovers.hpp"
#include "e2e/machine.hpp"

namespace nap::e2e {
namespace {

using testing::HasSubstr;

class Killed : public testing::Test {
  protected:
    Killed() : machine_(Machine::Options{.testing = true}), counter_(machine_) {
        // The successor is started by a command of ours: it listens to tests, too.
        ::setenv("NAP_TESTING", "1", 1);
    }

    // Kernel that runs after the supervisor was killed at `point` of an update to the other one.
    std::string kill_at(const std::string& point) {
        const auto other = machine_.kernel() == kernels().older ? kernels().newer : kernels().older;
        const auto update = machine_.update(other, {"NAP_TEST_FAULT=kill:" + point});
        const auto runs = machine_.kernel();
        EXPECT_EQ(update.status, runs == other ? 0 : 1) << update.out;
        EXPECT_THAT(update.out, HasSubstr("supervisor")) << point;
        EXPECT_EQ(machine_.status().value("state", ""), "running");
        expect_progress(counter_);
        expect_nothing_left(machine_);
        return runs;
    }

    Machine machine_;
    Counter counter_;
};

TEST_F(Killed, BeforeTheCommitRecordTheOlderKernelGoesOn) {
    for (const char* point : {"prepare.booted", "capture", "restore.adopted", "commit"})
        EXPECT_EQ(kill_at(point), kernels().older) << point;
    const auto update = machine_.update(kernels().newer);
    EXPECT_EQ(update.status, 0) << update.out;
    EXPECT_EQ(machine_.kernel(), kernels().newer);
    expect_nothing_lost(counter_);
}

TEST_F(Killed, AfterTheCommitRecordTheNewerKernelGoesOn) {
    auto expected = kernels().older;
    for (const char* point : {"commit.recorded", "commit.released", "settle.memory"}) {
        expected = expected == kernels().older ? kernels().newer : kernels().older;
        EXPECT_EQ(kill_at(point), expected) << point;
    }
    const auto update = machine_.update(kernels().older);
    EXPECT_EQ(update.status, 0) << update.out;
    expect_nothing_lost(counter_);
}

// No update is under way: a successor serves the machine on.
TEST_F(Killed, BetweenUpdates) {
    const auto supervisor = machine_.status().value("supervisor_pid", 0);
    ASSERT_GT(supervisor, 0);
    ASSERT_EQ(::kill(supervisor, SIGKILL), 0);
    const auto recovered = nap({"status", machine_.name()});
    EXPECT_THAT(recovered.out, HasSubstr("recovering"));
    const auto found = machine_.status();
    EXPECT_EQ(found.value("state", ""), "running");
    EXPECT_NE(found.value("supervisor_pid", 0), supervisor);
    EXPECT_EQ(machine_.kernel(), kernels().older);
    expect_progress(counter_);
    const auto update = machine_.update(kernels().newer);
    EXPECT_EQ(update.status, 0) << update.out;
    expect_progress(counter_);
    expect_nothing_lost(counter_);
}

}  // namespace
}  // namespace nap::e2e
