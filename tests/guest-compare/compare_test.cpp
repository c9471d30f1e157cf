// SPDX-License-Identifier: GPL-2.0-only
#include "compare.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace compare {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Snapshot kBefore = {{"7 cron/comm", "cron"},
                          {"7 cron/timerslack_ns", "3000000"},
                          {"7 cron/task 7/stat/14", "120"},
                          {"7 cron/task 7/stat/22", "5501"},
                          {"7 cron/task 7/schedstat", "1000 20 3"},
                          {"7 cron/fd/3", "socket:#0"}};

Snapshot changed(const std::string& key, const std::string& value) {
    auto after = kBefore;
    after[key] = value;
    return after;
}

TEST(Compare, EqualSnapshotsDoNotDiffer) {
    EXPECT_THAT(differences(kBefore, kBefore), IsEmpty());
}

TEST(Compare, EveryOtherValueIsADifference) {
    for (const auto& [key, value] : kBefore)
        EXPECT_THAT(differences(kBefore, changed(key, "0 another")), ElementsAre(HasSubstr(key))) << key;
}

TEST(Compare, WhatIsGoneOrNewIsADifference) {
    auto after = kBefore;
    after.erase("7 cron/fd/3");
    EXPECT_THAT(differences(kBefore, after), ElementsAre("7 cron/fd/3 is gone, was 'socket:#0'"));
    EXPECT_THAT(differences(after, kBefore), ElementsAre("7 cron/fd/3 is new: 'socket:#0'"));
}

TEST(Compare, TimesMayGrowButNotGoBack) {
    EXPECT_THAT(differences(kBefore, changed("7 cron/task 7/stat/14", "125")), IsEmpty());
    EXPECT_THAT(differences(kBefore, changed("7 cron/task 7/stat/14", "119")),
                ElementsAre("7 cron/task 7/stat/14 went back to '119', was '120'"));
    EXPECT_THAT(differences(kBefore, changed("7 cron/task 7/schedstat", "1000 25 4")), IsEmpty());
    EXPECT_THAT(differences(kBefore, changed("7 cron/task 7/schedstat", "1000 19 4")),
                ElementsAre(HasSubstr("back")));
    EXPECT_THAT(differences(kBefore, changed("7 cron/task 7/stat/22", "5502")),
                ElementsAre(HasSubstr("stat/22")));
}

TEST(Compare, PatternsMatchWholeKeys) {
    EXPECT_TRUE(matches("*/stat/1*", "7 cron/task 7/stat/14"));
    EXPECT_TRUE(matches("*", ""));
    EXPECT_FALSE(matches("*/stat/1", "7 cron/task 7/stat/14"));
    EXPECT_FALSE(matches("stat/14", "7 cron/task 7/stat/14"));
}

TEST(Compare, EveryExceptionHasAReason) {
    for (const auto& exception : exceptions()) EXPECT_FALSE(exception.why.empty()) << exception.pattern;
}

TEST(Texts, SurviveTheirWay) {
    auto snapshot = kBefore;
    snapshot["7 cron/cmdline"] = std::string("cron\0-f\0", 8);
    snapshot["7 cron/limits"] = "a\nb\n";
    const auto text = to_text(snapshot);
    EXPECT_EQ(to_text(from_text(text)), text);
    EXPECT_EQ(from_text(text).size(), snapshot.size());
    EXPECT_EQ(from_text(text)["7 cron/cmdline"], "cron\\0-f\\0");
}

TEST(Texts, NumbersOfObjectsBecomeTheirOrder) {
    Ordinals ordinals;
    EXPECT_EQ(with_ordinal("socket:[4711]", ordinals), "socket:#0");
    EXPECT_EQ(with_ordinal("socket:[99]", ordinals), "socket:#1");
    EXPECT_EQ(with_ordinal("socket:[4711]", ordinals), "socket:#0");
    EXPECT_EQ(with_ordinal("anon_inode:[eventfd]", ordinals), "anon_inode:[eventfd]");
    EXPECT_EQ(with_ordinal("/var/log/a", ordinals), "/var/log/a");
    EXPECT_EQ(mount_line("30 25 0:26 / /proc rw shared:5 - proc proc rw"),
              "0: / /proc rw shared: - proc proc rw");
    EXPECT_EQ(mount_line("31 30 254:0 / / rw - ext4 /dev/vda rw"), "254:0 / / rw - ext4 /dev/vda rw");
    EXPECT_EQ(area_line("7f0-7f1 rw-s 00000000 00:01 1044   /dev/zero (deleted)", ordinals),
              "7f0-7f1 rw-s 00000000 #0 #0 /dev/zero (deleted)");
}

TEST(Texts, FieldsOfStatAreNumberedAfterTheName) {
    Snapshot fields;
    add_stat(fields, "x", "7 (a ) b) S 1 7");
    EXPECT_THAT(fields, ElementsAre(std::pair("x/03", "S"), std::pair("x/04", "1"), std::pair("x/05", "7")));
}

TEST(Texts, LinesOfOneKeyAreAllKept) {
    Snapshot fields;
    add_fields(fields, "x", "tfd: 3 events: 1\ntfd: 4 events: 1\nflags:\t02\n");
    EXPECT_THAT(fields, ElementsAre(std::pair("x/flags", "02"), std::pair("x/tfd", "3 events: 1"),
                                    std::pair("x/tfd(1)", "4 events: 1")));
}

}  // namespace
}  // namespace compare
