// SPDX-License-Identifier: GPL-2.0-only
#include "context/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "tests/context/random_map.hpp"
#include "tests/context/small_map.hpp"

namespace nap::context {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;
using Piece = Run;  // testing::Test::Run hides it

Plan plan_of(const PageMap& map, const Carried& carried = {}) {
    auto plan = make_plan(map, carried, kTestUser, kTestKernel);
    EXPECT_TRUE(plan) << plan.error().message;
    return plan.value_or(Plan{});
}
Error error_of(const PageMap& map, const Carried& carried = {}) {
    const auto plan = make_plan(map, carried, kTestUser, kTestKernel);
    return plan ? Error{ErrorKind::internal, "no error"} : plan.error();
}

TEST(Plan, AdoptsWhatLiesInUserMemory) {
    const auto plan = plan_of(map_of({{{{0x1000}, {kU}, 3, false}, {{0x20'0000}, {kU + 512}, 1024, true}}}));
    ASSERT_EQ(plan.tasks.size(), 1U);
    EXPECT_THAT(plan.tasks[0].runs,
                ElementsAre(Piece{0x1000, kU, 0, 3, 0}, Piece{0x20'0000, kU + 512, 0, 512, kRunHuge},
                            Piece{0x40'0000, kU + 1024, 0, 512, kRunHuge}));
    EXPECT_EQ(plan.adopted, 1027);
    EXPECT_EQ(plan.adopted_huge, 1024);
    EXPECT_EQ(plan.total, 1027);
    EXPECT_TRUE(plan.spilled.empty());
}

TEST(Plan, MarksSharedFrames) {
    const auto plan = plan_of(map_of({{{{0x1000}, {kU}, 4, false}}, {{{0x8000}, {kU + 1}, 2, false}}}));
    EXPECT_THAT(plan.tasks[0].runs,
                ElementsAre(Piece{0x1000, kU, 0, 1, 0}, Piece{0x2000, kU + 1, 0, 2, kRunShared},
                            Piece{0x4000, kU + 3, 0, 1, 0}));
    EXPECT_THAT(plan.tasks[1].runs, ElementsAre(Piece{0x8000, kU + 1, 0, 2, kRunShared}));
    EXPECT_EQ(plan.shared, 4);
}

TEST(Plan, KeepsSharedHugePagesHuge) {
    const auto plan = plan_of(map_of({{{{0x20'0000}, {kU}, 512, true}}, {{{0x60'0000}, {kU}, 512, true}}}));
    EXPECT_THAT(plan.tasks[0].runs, ElementsAre(Piece{0x20'0000, kU, 0, 512, kRunHuge | kRunShared}));
    EXPECT_THAT(plan.tasks[1].runs, ElementsAre(Piece{0x60'0000, kU, 0, 512, kRunHuge | kRunShared}));
}

TEST(Plan, MakesAHugePageSmallThatIsAlsoMappedInPieces) {
    const auto plan =
        plan_of(map_of({{{{0x20'0000}, {kU}, 1024, true}}, {{{0x1000}, {kU + 511}, 1, false}}}));
    EXPECT_THAT(plan.tasks[0].runs,
                ElementsAre(Piece{0x20'0000, kU, 0, 511, 0}, Piece{0x3f'f000, kU + 511, 0, 1, kRunShared},
                            Piece{0x40'0000, kU + 512, 0, 512, kRunHuge}));
    EXPECT_EQ(plan.adopted_huge, 512);
}

TEST(Plan, ListsEachSpilledFrameOnce) {
    const auto plan = plan_of(map_of({{{{0x1000}, {500}, 2, false}, {{0x3000}, {kU}, 1, false}},
                                      {{{0x1000}, {7}, 1, false}, {{0x8000}, {501}, 1, false}}}));
    EXPECT_THAT(plan.spilled, ElementsAre(PageFrame{7}, PageFrame{500}, PageFrame{501}));
    EXPECT_THAT(plan.tasks[0].runs, ElementsAre(Piece{0x1000, 500, 0x1000, 1, kRunSpilled},
                                                Piece{0x2000, 501, 0x2000, 1, kRunSpilled | kRunShared},
                                                Piece{0x3000, kU, 0, 1, 0}));
    EXPECT_THAT(plan.tasks[1].runs, ElementsAre(Piece{0x1000, 7, 0, 1, kRunSpilled},
                                                Piece{0x8000, 501, 0x2000, 1, kRunSpilled | kRunShared}));
    EXPECT_EQ(plan.spilled_mappings, 4);
}

TEST(Plan, MakesHugePagesInKernelMemorySmall) {
    const auto plan = plan_of(map_of({{{{0x20'0000}, {512}, 512, true}}}));
    EXPECT_THAT(plan.tasks[0].runs, ElementsAre(Piece{0x20'0000, 512, 0, 512, kRunSpilled}));
    EXPECT_EQ(plan.adopted_huge, 0);
}

TEST(Plan, CutsOutWhatIsCarried) {
    const auto map = map_of({{{{0x1000}, {kU}, 4, false}, {{0x20'0000}, {kU + 512}, 1536, true}},
                             {{{0x1000}, {kU + 1}, 1, false}}});
    const Carried carried{{1, {{{0}, 2}, {{0x2000}, 1}, {{0x3f'f000}, 2}}}};
    const auto plan = plan_of(map, carried);
    EXPECT_THAT(
        plan.tasks[0].runs,
        ElementsAre(Piece{0x3000, kU + 2, 0, 2, 0}, Piece{0x20'0000, kU + 512, 0, 511, 0},
                    Piece{0x40'1000, kU + 1025, 0, 511, 0}, Piece{0x60'0000, kU + 1536, 0, 512, kRunHuge}));
    EXPECT_EQ(plan.carried, 4);
    EXPECT_EQ(plan.shared, 0);  // the other sharer of kU + 1 is carried
    EXPECT_EQ(plan.total, 1541);
}

TEST(Plan, RefusesBadMaps) {
    EXPECT_THAT(error_of(map_of({{{{0x1000}, {0x9'0000}, 1, false}}})).message,
                HasSubstr("neither in user nor"));
    EXPECT_THAT(error_of(map_of({{{{0x1000}, {kU + 8191}, 2, false}}})).message,
                HasSubstr("neither in user nor"));
    EXPECT_THAT(error_of(map_of({{{{0x1000}, {kU}, 2, false}, {{0x2000}, {kU + 9}, 1, false}}})).message,
                HasSubstr("overlaps"));
    EXPECT_THAT(error_of(map_of({{{{0x1000}, {kU}, 512, true}}})).message, HasSubstr("misaligned"));
    EXPECT_THAT(error_of(map_of({{{{0x1000}, {kU}, ~0ULL, false}}})).message, HasSubstr("out of range"));
    auto twice = map_of({{}, {}});
    twice.tasks[1].pid = 1;
    EXPECT_THAT(error_of(twice).message, HasSubstr("order of the PIDs"));
    EXPECT_THAT(error_of({}, {{1, {{{0x2000}, 1}, {{0x1000}, 1}}}}).message, HasSubstr("out of order"));
}

TEST(Plan, RefusesPagesThatAreNotSettled) {
    PageMap map;
    map.unsettled = 3;
    EXPECT_EQ(error_of(map).kind, ErrorKind::busy);
    map.swapped = 1;
    EXPECT_EQ(error_of(map).kind, ErrorKind::unsupported);
}

// Against a model that goes page by page.
TEST(Plan, AccountsForEveryPage) {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        const RandomMap random(seed);
        const auto plan = plan_of(random.map, random.carried);
        const auto pages = RandomMap::pages_of(random.map);
        std::map<std::uint64_t, int> uses;
        std::uint64_t carried = 0;
        for (const auto& [key, frame] : pages)
            random.is_carried(key.first, key.second) ? ++carried : ++uses[frame];
        EXPECT_EQ(plan.carried, carried);
        EXPECT_EQ(plan.total, pages.size());
        EXPECT_EQ(plan.adopted + plan.spilled_mappings + plan.carried, plan.total);

        std::uint64_t seen = 0, shared = 0, huge = 0;
        std::map<std::uint64_t, std::set<bool>> sizes;  // by frame: mapped huge, small
        for (const auto& task : plan.tasks)
            for (const auto& run : task.runs)
                for (std::uint64_t i = 0; i < run.pages; ++i) {
                    const auto address = run.address + i * kPageSize;
                    ASSERT_EQ(pages.at({task.pid, address}), run.frame + i) << seed;
                    ASSERT_FALSE(random.is_carried(task.pid, address));
                    ASSERT_EQ((run.flags & kRunSpilled) != 0, kTestKernel.contains({run.frame + i}));
                    ASSERT_EQ((run.flags & kRunShared) != 0, uses.at(run.frame + i) > 1);
                    if ((run.flags & kRunSpilled) != 0) {
                        ASSERT_EQ(plan.spilled.at(run.source / kPageSize + i).value, run.frame + i);
                    }
                    sizes[run.frame + i].insert((run.flags & kRunHuge) != 0);
                    ++seen;
                    shared += (run.flags & kRunShared) != 0;
                    huge += (run.flags & kRunHuge) != 0;
                }
        EXPECT_EQ(seen, plan.adopted + plan.spilled_mappings);
        EXPECT_EQ(shared, plan.shared);
        EXPECT_EQ(huge, plan.adopted_huge);
        for (const auto& [frame, both] : sizes) ASSERT_EQ(both.size(), 1U) << frame;
    }
}

TEST(PlanOnTheWire, ComesBackTheSame) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        const RandomMap random(seed);
        const auto plan = plan_of(random.map, random.carried);
        const auto decoded = decode(encode(plan));
        ASSERT_TRUE(decoded) << decoded.error().message;
        EXPECT_EQ(*decoded, plan.tasks);
    }
    EXPECT_TRUE(decode(encode(Plan{})).value().empty());
}

TEST(PlanOnTheWire, SurvivesTruncationAndChange) {
    const RandomMap random(3);
    const auto bytes = encode(plan_of(random.map, random.carried));
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_FALSE(decode(std::span(bytes).first(size)));
    auto longer = bytes;
    longer.push_back({});
    EXPECT_THAT(decode(longer).error().message, HasSubstr("more than it has"));
    std::mt19937 engine(5);
    for (int round = 0; round < 2000; ++round) {
        auto changed = bytes;
        changed[engine() % std::min<std::size_t>(changed.size(), 64)] = static_cast<std::byte>(engine());
        if (const auto plan = decode(changed)) {
            EXPECT_LE(plan->size(), bytes.size());
        }
    }
}

}  // namespace
}  // namespace nap::context
