// SPDX-License-Identifier: GPL-2.0-only
// What the agent reads of settings, of CRIU's log and of a call's parameters.
#include <gtest/gtest.h>

#include <algorithm>

#include "agent/calls/params.hpp"
#include "agent/contexts/criu.hpp"
#include "agent/machine/settings.hpp"

namespace nap::agent {
namespace {

TEST(ValueInForce, IsTheChosenOneOrAll) {
    EXPECT_EQ(value_in_force("always [madvise] never\n"), "madvise");
    EXPECT_EQ(value_in_force("10000\n"), "10000");
    EXPECT_EQ(value_in_force(""), "");
    EXPECT_EQ(value_in_force("[broken\n"), "[broken");
}

TEST(NamesSomethingInFlight, LooksAtErrorsOnly) {
    EXPECT_TRUE(names_something_in_flight("Error (sk-inet.c:175): In-flight connection (l) for 5\n"));
    EXPECT_TRUE(names_something_in_flight("Error (sk-netlink.c:77): The socket has data to read\n"));
    EXPECT_FALSE(names_something_in_flight("Warn (a.c:1): in-flight\nError (b.c:2): no such thing\n"));
}

TEST(ErrorsOf, KeepsTheCauseAndTheEnd) {
    EXPECT_EQ(errors_of("(00.01) Warn (a.c:1): w\n(00.02) Error (b.c:2): no such thing\n(00.03) x\n"),
              "Error (b.c:2): no such thing");
    EXPECT_EQ(errors_of(""), "its log names no error");
    std::string log;
    for (int line = 0; line < 100; ++line) log += "Error (c.c:" + std::to_string(line) + "): e\n";
    const std::string kept = errors_of(log);
    EXPECT_NE(kept.find("c.c:0)"), std::string::npos);
    EXPECT_NE(kept.find("c.c:99)"), std::string::npos);
    EXPECT_EQ(std::ranges::count(kept, '\n'), 11);
}

TEST(NamesReason, IfItSaysMoreThanThatItFailed) {
    EXPECT_FALSE(names_reason(""));
    EXPECT_FALSE(
        names_reason("(00.1) Warn  (a.c:1): w\n(00.2) Error (criu/cr-dump.c:2111): Dumping FAILED.\n"));
    EXPECT_TRUE(names_reason("Error (b.c:2): no such thing\nError (criu/cr-dump.c:2111): Dumping FAILED.\n"));
}

TEST(EndOfLog, WholeLines) {
    EXPECT_EQ(end_of_log("one\ntwo\n", 100), "one\ntwo\n");
    EXPECT_EQ(end_of_log("one\ntwo\nthree\n", 11), "two\nthree\n");
    EXPECT_EQ(end_of_log("", 3), "");
}

TEST(Params, AreTyped) {
    const Json params = {{"n", 5},    {"negative", -1},  {"t", "text"},
                         {"b", true}, {"l", {"a", "b"}}, {"e", Json::array()}};
    EXPECT_EQ(number(params, "n").value(), 5u);
    EXPECT_EQ(number_or(params, "missing", 9).value(), 9u);
    EXPECT_EQ(text(params, "t").value(), "text");
    EXPECT_TRUE(truth_or(params, "b", false).value());
    EXPECT_EQ(texts(params, "l").value().size(), 2u);
    for (const char* name : {"negative", "t", "missing"}) EXPECT_FALSE(number(params, name)) << name;
    for (const char* name : {"n", "l", "missing"}) EXPECT_FALSE(text(params, name)) << name;
    for (const char* name : {"n", "e", "missing"}) EXPECT_FALSE(texts(params, name)) << name;
    EXPECT_FALSE(truth_or(params, "n", false));
    EXPECT_FALSE(number(Json("no object"), "n"));
}

TEST(Params, HoldNoNul) {
    EXPECT_FALSE(text({{"t", std::string("a\0b", 3)}}, "t"));
    EXPECT_FALSE(texts({{"l", {std::string("a\0b", 3)}}}, "l"));
}

}  // namespace
}  // namespace nap::agent
