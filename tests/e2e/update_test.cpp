// SPDX-License-Identifier: GPL-2.0-only
// Updates of running machines: everything is carried over, there and back; what goes wrong costs nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <sstream>
#include <thread>

#include "base/fd.hpp"
#include "base/units.hpp"
#include "e2e/isolation.hpp"
#include "e2e/leftovers.hpp"
#include "e2e/machine.hpp"

namespace nap::e2e {
namespace {

using testing::HasSubstr;

void expect_states_pass(const Machine& machine, const std::string& when, const Arguments& names = {}) {
    const auto verified = machine.states("verify", names);
    EXPECT_EQ(verified.status, 0) << when << ":\n" << verified.out;
}

// Lines of /var/log/ticker: 1, 2, 3, ... without a gap.
void expect_ticker_unbroken(const Machine& machine) {
    std::istringstream lines(machine.exec({"cat", "/var/log/ticker"}).out);
    long expected = 1;
    for (long number = 0; lines >> number; ++expected) ASSERT_EQ(number, expected);
    EXPECT_GT(expected, 1);
}

void carry_every_kind_of_state(int cpus) {
    const Machine machine({.cpus = cpus});
    machine.install_states();
    const auto started = machine.states("start");
    ASSERT_EQ(started.status, 0) << started.out;
    expect_states_pass(machine, "before the update");
    const auto updated = machine.update(kernels().newer);
    ASSERT_EQ(updated.status, 0) << updated.out;
    EXPECT_EQ(machine.kernel(), kernels().newer);
    expect_states_pass(machine, "after the update");
    expect_states_pass(machine, "a second time after the update");
    expect_ticker_unbroken(machine);
}

TEST(Update, CarriesEveryKindOfState) {
    carry_every_kind_of_state(1);
}

TEST(Update, CarriesEveryKindOfStateOnTwoCpus) {
    carry_every_kind_of_state(2);
}

// Whoever comes while a kernel is replaced is served: in a backlog, half open, or just closed.
TEST(Update, ServesWhoeverComes) {
    const Machine machine;
    auto newcomers = std::async(std::launch::async, [&machine] {
        return call({"ip", "netns", "exec", machine.netns(), NAP_TEST_SOURCE "/tests/e2e/newcomers",
                     Machine::kAddress, "6379", "8", "120"},
                    kLong);
    });
    const auto updated = machine.update(kernels().newer);
    EXPECT_EQ(updated.status, 0) << updated.out;
    const auto back = machine.update(kernels().older);
    EXPECT_EQ(back.status, 0) << back.out;
    const auto served = newcomers.get();
    EXPECT_EQ(served.status, 0) << served.out;
}

void expect_clean_disk(const Machine& machine, const std::string& format) {
    const auto raw = machine.disk().string() + ".raw";
    const auto converted =
        call({"qemu-img", "convert", "-f", format, "-O", "raw", machine.disk().string(), raw}, kLong);
    ASSERT_EQ(converted.status, 0) << converted.out;
    const auto checked = call({"e2fsck", "-fn", raw});
    EXPECT_EQ(checked.status, 0) << checked.out;
    std::filesystem::remove(raw);
}

// After an update, of a machine with huge pages inside: some of its memory lies on the host's, where that has
// any.
void expect_huge_pages(const Machine& machine) {
    const auto status = machine.status();
    const auto in_use = status.value("memory_in_use", 0UL), huge = status.value("memory_on_huge_pages", 0UL);
    EXPECT_GT(in_use, 0U);
    EXPECT_LE(in_use, status.value("memory", 0UL));
    EXPECT_LE(huge, in_use);
    EXPECT_EQ(huge % kHugePageSize, 0U);
    EXPECT_THAT(nap({"status", machine.name()}).out, HasSubstr("on 2 MiB pages"));
    const auto host = read_file("/sys/kernel/mm/transparent_hugepage/shmem_enabled");
    const bool offered = host && !host->contains("[deny]");
    EXPECT_EQ(huge > 0, offered);
}

void go_through(const std::vector<std::string>& versions, const std::string& disk_format) {
    const Machine machine({.disk_format = disk_format});
    expect_without_rights(machine);
    machine.install_states();
    ASSERT_EQ(machine.states("start").status, 0);
    Counter counter(machine);
    for (const auto& kernel : versions) {
        const auto updated = machine.update(kernel);
        ASSERT_EQ(updated.status, 0) << updated.out;
        EXPECT_EQ(machine.kernel(), kernel);
        expect_states_pass(machine, "on " + kernel);
        expect_without_rights(machine);
        expect_huge_pages(machine);
    }
    expect_nothing_lost(counter);
    expect_ticker_unbroken(machine);
    ASSERT_EQ(nap({"stop", machine.name()}, kLong).status, 0);
    expect_clean_disk(machine, disk_format);
}

TEST(Update, ThereAndBack) {
    go_through({kernels().newer, kernels().older, kernels().newer}, "raw");
}

TEST(Update, OnQcow2) {
    go_through({kernels().newer}, "qcow2");
}

// Whether the older kernel was stopped, and U hashed, before the fault at that point.
bool stopped_by(const std::string& point) {
    return point == "capture" || point.starts_with("restore") || point == "commit";
}

TEST(Update, FaultBeforeCommitRollsBackWithConnectionAlive) {
    const Machine machine({.testing = true});
    machine.install_states();
    ASSERT_EQ(machine.states("start").status, 0);
    Counter counter(machine);
    // scripts/faults has all points.
    for (const std::string point : {"capture.file_systems", "restore.ready", "restore"}) {
        SCOPED_TRACE("fault at " + point);
        const auto failed =
            machine.update(kernels().newer, {"NAP_TEST_FAULT=" + point, "NAP_TEST_HASH_USER_MEMORY=1"});
        EXPECT_EQ(failed.status, 1) << failed.out;
        EXPECT_THAT(failed.out, HasSubstr("still run"));
        if (stopped_by(point)) {
            EXPECT_TRUE(last_report(machine).value("user_memory_unchanged", false));
        }
        EXPECT_EQ(machine.kernel(), kernels().older);
        const long before = counter.replies();
        std::this_thread::sleep_for(std::chrono::seconds(1));
        EXPECT_GT(counter.replies(), before);
        expect_states_pass(machine, "after a fault at " + point, machine.states_a_rollback_keeps());
    }
    const auto updated = machine.update(kernels().newer);
    EXPECT_EQ(updated.status, 0) << updated.out;
    EXPECT_EQ(machine.kernel(), kernels().newer);
    expect_states_pass(machine, "after the update that succeeded", machine.states_a_rollback_keeps());
    expect_nothing_lost(counter);
    expect_ticker_unbroken(machine);
}

// More data than U holds: what spilled into K is copied, and comes back to U where there is room.
TEST(Update, SpilledPagesArriveAndReturn) {
    const Machine machine({.memory = "128M"});
    const std::string fill =
        "for i = 1, 2500 do redis.call('SET', 'k' .. i, string.rep(string.format('%04d', i), 16384)) end";
    const std::string digest =
        "local h = '' for i = 1, 2500 do h = redis.sha1hex(h .. redis.call('GET', 'k' .. i)) end return h";
    ASSERT_EQ(machine.exec({"redis-cli", "eval", fill, "0"}, kLong).status, 0);
    const auto before = machine.exec({"redis-cli", "eval", digest, "0"}, kLong).out;
    ASSERT_EQ(before.size(), 41u) << before;
    const auto updated = machine.update(kernels().newer);
    ASSERT_EQ(updated.status, 0) << updated.out;
    EXPECT_EQ(machine.exec({"redis-cli", "eval", digest, "0"}, kLong).out, before);
    const auto report = last_report(machine);
    EXPECT_GT(report.value("pages_spilled", 0), 0);
    EXPECT_GT(report.value("spilled_returned", 0), 0);
    EXPECT_EQ(report.value("bytes_copied", -1), 0);
}

// `nap update` in the background, seen under way.
Process begin_update(const Machine& machine, const std::string& kernel) {
    Command command;
    command.argv = nap_argv({"update", machine.name(), "--kernel", kernel, "--max-pause", "120s"});
    auto process = Process::start(command);
    if (!process) throw std::runtime_error(process.error().message);
    for (int tries = 0; tries < 100 && machine.status().value("state", "") != "updating"; ++tries)
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return *std::move(process);
}

TEST(Update, RefusesSecondUpdateWhileOneIsUnderWay) {
    const Machine machine;
    auto first = begin_update(machine, kernels().newer);
    const auto second = machine.update(kernels().newer);
    EXPECT_EQ(second.status, 1);
    EXPECT_THAT(second.out, HasSubstr("under way"));
    EXPECT_TRUE(first.wait(kLong).has_value());
    EXPECT_EQ(machine.kernel(), kernels().newer);
}

TEST(Update, GoesOnWithoutItsClient) {
    const Machine machine;
    auto client = begin_update(machine, kernels().newer);
    client.kill_and_wait();
    for (int tries = 0; tries < 600 && machine.status().value("state", "") == "updating"; ++tries)
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
    EXPECT_EQ(machine.kernel(), kernels().newer);
    const auto history = nap({"history", machine.name()});
    EXPECT_EQ(history.status, 0);
    EXPECT_THAT(history.out, HasSubstr(kernels().newer));
}

// An io_uring cannot be carried: the update says whose it is, and disturbs nothing.
TEST(Update, RefusesWhatCannotBeCarried) {
    const Machine machine;
    machine.install_states();
    const auto held = machine.states("hold", {"io_uring"});
    ASSERT_EQ(held.status, 0) << held.out;
    const auto checked = nap({"check", machine.name(), "--kernel", kernels().newer});
    EXPECT_EQ(checked.status, 1);
    EXPECT_THAT(checked.out, HasSubstr("io_uring (PID "));
    EXPECT_THAT(checked.out, HasSubstr("an io_uring instance"));
    const auto refused = machine.update(kernels().newer);
    EXPECT_EQ(refused.status, 1);
    EXPECT_THAT(refused.out, HasSubstr("an io_uring instance"));
    EXPECT_EQ(machine.kernel(), kernels().older);
    EXPECT_EQ(machine.states("release", {"io_uring"}).status, 0);
    EXPECT_EQ(nap({"check", machine.name(), "--kernel", kernels().newer}).status, 0);
}

TEST(Update, RefusesUnknownKernel) {
    const Machine machine;
    const auto refused = machine.update("6.1.0-9999-nowhere");
    EXPECT_EQ(refused.status, 1);
    EXPECT_THAT(refused.out, HasSubstr("6.1.0-9999-nowhere"));
    EXPECT_EQ(machine.kernel(), kernels().older);
}

}  // namespace
}  // namespace nap::e2e
