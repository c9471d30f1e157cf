// SPDX-License-Identifier: GPL-2.0-only
// Every journal a crash can leave, with every combination of living and dead generations.
#include "update/recovery/recovery.hpp"

#include <gtest/gtest.h>

#include <string>

namespace nap::update {
namespace {

std::vector<Record> journal_up_to(Step last) {
    std::vector<Record> records;
    for (Step step : {Step::begun, Step::prepared, Step::frozen, Step::captured, Step::restored,
                      Step::committed, Step::settled}) {
        records.push_back({step, nlohmann::json::object()});
        if (step == last) break;
    }
    return records;
}

bool runs_older(Recovery recovery) {
    return recovery == Recovery::roll_back;
}
bool runs_newer(Recovery recovery) {
    return recovery == Recovery::complete;
}

TEST(Recovery, WithoutAnUpdateUnderWayThereIsNothingToDecide) {
    auto rolled_back = journal_up_to(Step::frozen);
    rolled_back.push_back({Step::rolled_back, {}});
    for (bool older : {false, true})
        for (bool newer : {false, true}) {
            EXPECT_EQ(decide({}, older, newer), Recovery::none);
            EXPECT_EQ(decide(journal_up_to(Step::settled), older, newer), Recovery::none);
            EXPECT_EQ(decide(rolled_back, older, newer), Recovery::none);
        }
}

TEST(Recovery, BeforeTheCommitRecordTheOlderGenerationGoesOn) {
    for (Step step : {Step::begun, Step::prepared, Step::frozen, Step::captured, Step::restored})
        for (bool newer : {false, true})
            EXPECT_EQ(decide(journal_up_to(step), true, newer), Recovery::roll_back) << to_string(step);
}

TEST(Recovery, AfterTheCommitRecordTheNewerGenerationGoesOn) {
    for (bool older : {false, true})
        EXPECT_EQ(decide(journal_up_to(Step::committed), older, true), Recovery::complete);
}

TEST(Recovery, TheOnlyGenerationThatLivesGoesOnWhereItIsWhole) {
    EXPECT_EQ(decide(journal_up_to(Step::restored), false, true), Recovery::complete);
    EXPECT_EQ(decide(journal_up_to(Step::committed), true, false), Recovery::roll_back);
    for (Step step : {Step::begun, Step::prepared, Step::frozen, Step::captured})
        EXPECT_EQ(decide(journal_up_to(step), false, true), Recovery::lost) << to_string(step);
}

TEST(Recovery, WhatADeadNewerGenerationWroteIsNotForgotten) {
    EXPECT_EQ(decide(journal_up_to(Step::committed), false, false), Recovery::lost_after_commit);
    EXPECT_EQ(decide(journal_up_to(Step::restored), false, false), Recovery::lost);
}

// Never both, never none, never a dead one: over every prefix of the journal's bytes, torn lines included.
TEST(Recovery, EveryPrefixOfEveryJournalLeavesExactlyOneGeneration) {
    std::string whole;
    for (const auto& record : journal_up_to(Step::settled)) whole += encode(record);
    for (std::size_t size = 0; size <= whole.size(); ++size) {
        const auto journal = decode(std::string_view(whole).substr(0, size));
        const bool under_way = !journal.empty() && !is_final(journal.back().step);
        const auto both = decide(journal, true, true);
        EXPECT_EQ(runs_older(both) || runs_newer(both), under_way) << size;
        if (under_way) {
            EXPECT_EQ(runs_newer(both), journal.back().step == Step::committed) << size;
        }
        EXPECT_FALSE(runs_newer(decide(journal, true, false))) << size;
        EXPECT_FALSE(runs_older(decide(journal, false, true))) << size;
        const auto none = decide(journal, false, false);
        EXPECT_FALSE(runs_older(none) || runs_newer(none)) << size;
    }
}

}  // namespace
}  // namespace nap::update
