// SPDX-License-Identifier: GPL-2.0-only
#include "update/recovery/journal.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace nap::update {
namespace {

namespace fs = std::filesystem;

class JournalTest : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = ::testing::TempDir() + "journal-XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
    }
    void TearDown() override { fs::remove_all(folder_); }
    fs::path file() const { return folder_ / "journal"; }
    fs::path folder_;
};

TEST_F(JournalTest, KeepsStepsAndFacts) {
    auto journal = Journal::begin(file(), {{"newer_kernel", "6.1.0-56"}});
    ASSERT_TRUE(journal) << journal.error().message;
    ASSERT_TRUE(journal->reach(Step::prepared, {{"pid", 17}}));
    ASSERT_TRUE(journal->reach(Step::frozen));
    auto records = read_journal(file());
    ASSERT_TRUE(records);
    ASSERT_EQ(records->size(), 3u);
    EXPECT_EQ((*records)[0].facts["newer_kernel"], "6.1.0-56");
    EXPECT_EQ((*records)[1].step, Step::prepared);
    EXPECT_EQ((*records)[1].facts["pid"], 17);
    EXPECT_EQ((*records)[2].step, Step::frozen);
}

TEST_F(JournalTest, RefusesAStepOutOfOrderAndWritesNothing) {
    auto journal = Journal::begin(file(), {});
    ASSERT_TRUE(journal);
    auto refused = journal->reach(Step::committed);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::internal);
    EXPECT_EQ(journal->step(), Step::begun);
    EXPECT_EQ(read_journal(file())->size(), 1u);
}

TEST_F(JournalTest, ANewUpdateReplacesTheJournalBefore) {
    auto first = Journal::begin(file(), {});
    ASSERT_TRUE(first->reach(Step::rolled_back));
    ASSERT_TRUE(Journal::begin(file(), {{"newer_kernel", "x"}}));
    EXPECT_EQ(read_journal(file())->size(), 1u);
}

TEST_F(JournalTest, NoJournalIsNoRecords) {
    EXPECT_TRUE(read_journal(file())->empty());
}

// A crash may cut the journal anywhere: what is read is always a prefix of what was written.
TEST_F(JournalTest, EveryPrefixReadsAsThePrefixOfItsWholeLines) {
    std::string bytes;
    std::vector<std::size_t> ends;
    for (Step step : {Step::begun, Step::prepared, Step::frozen, Step::captured, Step::restored,
                      Step::committed, Step::settled}) {
        bytes += encode({step, {{"k", "v"}}});
        ends.push_back(bytes.size());
    }
    for (std::size_t length = 0; length <= bytes.size(); ++length) {
        std::size_t whole = 0;
        while (whole < ends.size() && ends[whole] <= length) ++whole;
        EXPECT_EQ(decode(std::string_view(bytes).substr(0, length)).size(), whole) << "at " << length;
    }
}

TEST_F(JournalTest, AFlippedBitEndsTheRecords) {
    std::string bytes = encode({Step::begun, {{"a", 1}}}) + encode({Step::prepared, {{"b", 2}}});
    std::size_t first = encode({Step::begun, {{"a", 1}}}).size();
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string flipped = bytes;
            flipped[at] = static_cast<char>(flipped[at] ^ 1 << bit);
            EXPECT_EQ(decode(flipped).size(), at < first ? 0u : 1u) << "byte " << at << " bit " << bit;
        }
    }
}

TEST_F(JournalTest, RecordsOutOfOrderEndTheRecords) {
    std::string bytes = encode({Step::begun, {}}) + encode({Step::committed, {}});
    EXPECT_EQ(decode(bytes).size(), 1u);
    EXPECT_TRUE(decode(encode({Step::committed, {}})).empty());
}

}  // namespace
}  // namespace nap::update
