// SPDX-License-Identifier: GPL-2.0-only
// The supervisor is killed (SIGKILL) at a point of an update: the next command finds exactly one generation,
// the older one before the commit record, the newer one after it, with the client's connection alive.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "e2e/leftovers.hpp"
#include "e2e/machine.hpp"
#include "e2e/small_folder.hpp"
#include "machine/qemu/found_generations.hpp"

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

    [[nodiscard]] int supervisor() const { return machine_.status().value("supervisor_pid", 0); }

    SmallFolder state_{nap_paths().machines(), "128M"};
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
    const auto before = supervisor();
    ASSERT_GT(before, 0);
    ASSERT_EQ(::kill(before, SIGKILL), 0);
    const auto recovered = nap({"status", machine_.name()});
    EXPECT_THAT(recovered.out, HasSubstr("recovering"));
    EXPECT_EQ(machine_.status().value("state", ""), "running");
    EXPECT_NE(supervisor(), before);
    EXPECT_EQ(machine_.kernel(), kernels().older);
    expect_progress(counter_);
    const auto update = machine_.update(kernels().newer);
    EXPECT_EQ(update.status, 0) << update.out;
    expect_progress(counter_);
    expect_nothing_lost(counter_);

    // Started anew, its generations are counted from 1 again; the journal of that update says nothing of
    // them.
    EXPECT_EQ(nap({"stop", machine_.name()}, kLong).status, 0);
    EXPECT_EQ(nap({"start", machine_.name()}, kLong).status, 0);
    const auto boot = machine_.exec({"cat", "/proc/sys/kernel/random/boot_id"}).out;
    ASSERT_EQ(::kill(supervisor(), SIGKILL), 0);
    EXPECT_EQ(nap({"status", machine_.name()}).status, 0);
    EXPECT_EQ(machine_.exec({"cat", "/proc/sys/kernel/random/boot_id"}).out, boot);
    EXPECT_EQ(machine_.kernel(), kernels().newer);
}

// Nothing can be written down: the successor cannot roll back, but neither does it end what lives.
TEST_F(Killed, WithoutRoomForTheJournalNothingIsEnded) {
    const auto pid = supervisor();
    auto before = Process::adopt(pid, process_start_time(pid).value());
    ASSERT_TRUE(before);
    before->release();
    auto client = Process::start(
        {.argv = nap_argv({"update", machine_.name(), "--kernel", kernels().newer, "--max-pause", "120s"}),
         .environment_additions = {"NAP_TEST_FAULT=kill:capture"}});
    ASSERT_TRUE(client);
    for (int tries = 0; tries < 100 && machine_.status().value("state", "") != "updating"; ++tries)
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    client->kill_and_wait();  // it would call for the successor
    ASSERT_TRUE(before->wait(kLong));

    state_.fill();
    const auto failed = nap({"status", machine_.name()}, kLong);
    EXPECT_THAT(failed.out, HasSubstr("No space left on device"));
    const auto living = machine::find_generations(machine_.name(), machine_.paths());
    ASSERT_TRUE(living);
    EXPECT_THAT(*living, testing::Contains(testing::Key(1)));
    state_.make_room();

    EXPECT_EQ(nap({"status", machine_.name()}, kLong).status, 0);
    EXPECT_EQ(machine_.status().value("state", ""), "running");
    EXPECT_EQ(machine_.kernel(), kernels().older);
    expect_progress(counter_);
    expect_nothing_left(machine_);
    expect_nothing_lost(counter_);
}

}  // namespace
}  // namespace nap::e2e
