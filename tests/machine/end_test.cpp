// SPDX-License-Identifier: GPL-2.0-only
// What is said of a generation's end, by what is left of it.
#include "machine/qemu/end.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

namespace nap::machine {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

QmpEvent shutdown(const char* reason) {
    return {"SHUTDOWN", {{"guest", true}, {"reason", reason}}, 0};
}

Remains remains(std::optional<int> status, std::vector<QmpEvent> events, std::string console = {}) {
    return {.machine = "web",
            .generation = 2,
            .kernel = "6.1",
            .status = status,
            .events = std::move(events),
            .console = std::move(console)};
}

EndKind kind(const Remains& of) {
    return end_from(of).kind;
}

constexpr const char* kPanicked = "[ 1.0] Kernel panic - not syncing: Attempted to kill init!\n";

TEST(LastLines, AreTheLastOnesWithoutControlCharacters) {
    EXPECT_EQ(last_lines("", 3), "");
    EXPECT_EQ(last_lines("one", 3), "one");
    EXPECT_EQ(last_lines("one\n\n\ntwo\r\nthree\n\n", 2), "two\nthree");
    EXPECT_EQ(last_lines("one\ntwo", 5), "one\ntwo");
    EXPECT_EQ(last_lines("\n\n", 5), "");
    EXPECT_EQ(last_lines(std::string(5000, 'x'), 1).size(), 2000U);
}

TEST(End, OfAKernelIsToldByQemusReason) {
    EXPECT_EQ(kind(remains(0, {shutdown("guest-shutdown")})), EndKind::power_off);
    EXPECT_EQ(kind(remains(0, {shutdown("guest-reset")})), EndKind::reset);
    EXPECT_EQ(kind(remains(0, {shutdown("guest-reset")}, kPanicked)), EndKind::panic);
    EXPECT_EQ(kind(remains(0, {{"GUEST_PANICKED", json::object(), 0}, shutdown("guest-reset")})),
              EndKind::panic);
    EXPECT_EQ(kind(remains(0, {shutdown("guest-panic")})), EndKind::panic);
}

TEST(End, OfQemuIsToldByItsStatus) {
    EXPECT_EQ(kind(remains(SIGKILL, {})), EndKind::killed);
    EXPECT_EQ(kind(remains(SIGBUS, {})), EndKind::no_room);
    EXPECT_EQ(kind(remains(SIGSEGV, {})), EndKind::crashed);
    EXPECT_EQ(kind(remains(1 << 8, {})), EndKind::failed);
    EXPECT_EQ(kind(remains(0, {shutdown("host-signal")})), EndKind::asked);
    EXPECT_EQ(kind(remains(0, {shutdown("host-qmp-quit")})), EndKind::asked);
    auto by_host = remains(SIGKILL, {});
    by_host.host_killed_it = true;
    EXPECT_EQ(kind(by_host), EndKind::host_memory);
}

// A supervisor that took the machine over is not QEMU's parent; one that was not there has heard no event.
TEST(End, WithoutAStatusIsToldByWhatThereIs) {
    EXPECT_EQ(kind(remains({}, {shutdown("guest-shutdown")})), EndKind::power_off);
    EXPECT_EQ(kind(remains({}, {}, kPanicked)), EndKind::panic);
    const auto end = end_from(remains({}, {}));
    EXPECT_EQ(end.kind, EndKind::unknown);
    EXPECT_THAT(end.how, HasSubstr("supervisor had died"));
    EXPECT_EQ(kind(remains(0, {})), EndKind::unknown);
}

TEST(End, OfProcessorsThatStandStill) {
    auto still = remains({}, {{"STOP", json::object(), 0}});
    still.stands_still = true;
    EXPECT_EQ(kind(still), EndKind::internal_error);
}

TEST(End, IsOneSentence) {
    auto of = remains(0, {shutdown("guest-reset")}, kPanicked);
    EXPECT_EQ(
        sentence(end_from(of)),
        "Generation 2 of web, kernel 6.1: its kernel panicked; its console says: Kernel panic - not syncing: "
        "Attempted to kill init! (`nap console web` has the rest)");
    // What it printed before has nothing to do with it
    of.status = SIGKILL;
    EXPECT_EQ(
        sentence(end_from(of)),
        "Generation 2 of web, kernel 6.1: QEMU was killed by signal 9 (SIGKILL), which nap did not send");
    of.status = 1 << 8;
    of.events.clear();
    of.console.clear();
    of.qemu_log = "warning\nqemu: warning: TCG doesn't support requested feature: sse9\ncannot open it\n";
    EXPECT_EQ(sentence(end_from(of)),
              "Generation 2 of web, kernel 6.1: QEMU ended with status 1, saying: warning\ncannot open it");
}

TEST(End, KeepsWhatWasSaidLast) {
    auto of = remains(0, {shutdown("guest-reset")}, std::string("one\r\ntwo \x1b[2Jthree\n"));
    of.events[0].data["long"] = std::string(100'000, 'x');
    const auto end = end_from(of);
    EXPECT_EQ(end.console, "one\ntwo three");
    ASSERT_EQ(end.events.size(), 1U);
    EXPECT_LT(end.events[0].size(), 400U);
    EXPECT_THAT(details(end), ElementsAre(HasSubstr("SHUTDOWN"), "console: one", "console: two three"));
    const auto kept = to_json(end);
    EXPECT_EQ(kept["kind"], "reset");
    EXPECT_EQ(kept["generation"], 2);
}

// It is a guest's QEMU that says this.
TEST(End, BelievesNothing) {
    for (const auto& data : {json(3), json::object(), json{{"reason", 7}}, json{{"reason", "guest\x1b[2J"}}})
        EXPECT_THAT(sentence(end_from(remains({}, {{"SHUTDOWN", data, -5}}))), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace nap::machine
