// SPDX-License-Identifier: GPL-2.0-only
// No QEMU ends without a word: whatever ends it, in an update or at any other time, is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <thread>

#include "e2e/leftovers.hpp"
#include "e2e/machine.hpp"

namespace nap::e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;

struct Way {
    const char* kind;
    const char* text;      // that is said
    const char* by_sysrq;  // nullptr: SIGKILL to QEMU
};
constexpr Way kWays[] = {{"killed", "QEMU was killed by signal 9 (SIGKILL)", nullptr},
                         {"panic", "Kernel panic - not syncing: sysrq triggered crash", "c"},
                         {"reset", "reset the machine without a panic: a triple fault", "b"},
                         {"power-off", "its kernel powered the machine off", "o"}};

void end(const Machine& machine, const Way& way) {
    if (way.by_sysrq == nullptr)
        ASSERT_EQ(::kill(machine.status().value("qemu_pid", 0), SIGKILL), 0);
    else
        (void)machine.exec({"sh", "-c", std::string("echo ") + way.by_sysrq + " > /proc/sysrq-trigger"});
}

nlohmann::json status_once_stopped(const Machine& machine) {
    auto status = machine.status();
    for (int tries = 0; tries < 200 && status.value("state", "") != "stopped"; ++tries) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        status = machine.status();
    }
    return status;
}

void expect_told(const nlohmann::json& end, const Way& way) {
    EXPECT_EQ(end.value("kind", ""), way.kind);
    EXPECT_THAT(end.dump(), HasSubstr(way.text));
    EXPECT_FALSE(end.value("console", "").empty());
}

void start(const Machine& machine) {
    EXPECT_EQ(nap({"start", machine.name()}, kLong, {"NAP_TESTING=1"}).status, 0);
    EXPECT_FALSE(machine.status().contains("ended"));
}

TEST(Ends, AreToldOfAMachineThatRuns) {
    const Machine machine;
    for (const auto& way : kWays) {
        SCOPED_TRACE(way.kind);
        end(machine, way);
        const auto status = status_once_stopped(machine);
        EXPECT_EQ(status.value("state", ""), "stopped");
        expect_told(status.value("ended", nlohmann::json::object()), way);
        EXPECT_THAT(nap({"status", machine.name()}).out,
                    AllOf(HasSubstr(way.text), HasSubstr("as after a power loss"),
                          HasSubstr("`nap start " + machine.name() + "`")));
        EXPECT_THAT(nap({"log", machine.name()}).out, HasSubstr(way.text));
        EXPECT_THAT(machine.exec({"true"}).out, HasSubstr("does not run"));
        start(machine);
    }
}

TEST(Ends, AreToldOfBothGenerationsInAnUpdate) {
    const Machine machine({.testing = true});
    const char* faults[] = {"newer-killed", "newer-panics", "newer-triple-faults", "newer-powers-off"};
    for (std::size_t i = 0; i < std::size(kWays); ++i) {
        SCOPED_TRACE(faults[i]);
        const auto update =
            machine.update(kernels().newer, {std::string("NAP_TEST_FAULT=") + faults[i] + ":prepare"});
        EXPECT_EQ(update.status, 1);
        EXPECT_THAT(update.out, AllOf(HasSubstr("Generation 2"), HasSubstr(kWays[i].text),
                                      HasSubstr("still runs on kernel " + kernels().older)));
        const auto ends = last_report(machine).value("ends", nlohmann::json::array());
        ASSERT_EQ(ends.size(), 1U);
        expect_told(ends[0], kWays[i]);
        expect_nothing_left(machine);
    }
    for (const auto& [fault, way] : {std::pair("older-killed", kWays[0]), {"older-panics", kWays[1]}}) {
        SCOPED_TRACE(fault);
        const auto update =
            machine.update(kernels().newer, {std::string("NAP_TEST_FAULT=") + fault + ":prepare"});
        EXPECT_EQ(update.status, 1);
        EXPECT_THAT(update.out, AllOf(HasSubstr("Generation 1"), HasSubstr(way.text),
                                      HasSubstr(machine.name() + " does not run any more"),
                                      HasSubstr("`nap start " + machine.name() + "`")));
        EXPECT_THAT(update.out, testing::Not(HasSubstr("still runs")));
        const auto report = last_report(machine);
        EXPECT_EQ(report.value("outcome", ""), "lost");
        expect_told(report.value("ends", nlohmann::json::array()).back(), way);
        expect_told(status_once_stopped(machine).value("ended", nlohmann::json::object()), way);
        start(machine);
    }
    const auto updated = machine.update(kernels().newer);
    EXPECT_EQ(updated.status, 0) << updated.out;
}

// Nobody can be told how: what there is is said, and that it was not seen.
TEST(Ends, AreToldWhereNoSupervisorWasThere) {
    const Machine machine;
    const auto status = machine.status();
    ASSERT_EQ(::kill(status.value("supervisor_pid", 0), SIGKILL), 0);
    ASSERT_EQ(::kill(status.value("qemu_pid", 0), SIGKILL), 0);
    EXPECT_THAT(nap({"status", machine.name()}).out, HasSubstr("recovering"));
    const auto ended = status_once_stopped(machine).value("ended", nlohmann::json::object());
    EXPECT_EQ(ended.value("kind", ""), "unknown");
    EXPECT_THAT(ended.value("text", ""), AllOf(HasSubstr("nobody was there"), HasSubstr("nap start")));
    start(machine);
}

}  // namespace
}  // namespace nap::e2e
