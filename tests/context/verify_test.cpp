// SPDX-License-Identifier: GPL-2.0-only
#include "context/verify.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/context/random_map.hpp"
#include "tests/context/small_map.hpp"

namespace nap::context {
namespace {
using testing::AllOf;
using testing::HasSubstr;

Verified verified(const PageMap& older, const PageMap& newer, const Carried& carried = {}) {
    const auto result = verify(older, newer, carried, kTestUser);
    EXPECT_TRUE(result) << result.error().message;
    return result.value_or(Verified{});
}
std::string error(const PageMap& older, const PageMap& newer, const Carried& carried = {}) {
    const auto result = verify(older, newer, carried, kTestUser);
    return result ? "" : result.error().message;
}
Mapping page(std::uint64_t address, std::uint64_t frame, std::uint64_t pages = 1) {
    return {{address}, {frame}, pages, false};
}

TEST(Verify, FindsEachPageInItsPlace) {
    const auto older = map_of({{page(0x1000, kU, 4), page(0x8000, 77)}, {page(0x1000, kU + 9)}});
    const auto newer =
        map_of({{page(0x1000, kU, 2), page(0x3000, kU + 2, 2), page(0x8000, 999)}, {page(0x1000, kU + 9)}});
    EXPECT_EQ(verified(older, newer), (Verified{.adopted = 5, .spilled = 1}));
}

TEST(Verify, AllowsHugePagesToBecomeSmall) {
    const auto older = map_of({{{{0x20'0000}, {kU + 512}, 512, true}}});
    EXPECT_EQ(verified(older, map_of({{page(0x20'0000, kU + 512, 512)}})), (Verified{.adopted = 512}));
}

TEST(Verify, NamesTheFirstDifference) {
    const auto older = map_of({{page(0x1000, kU, 4)}});
    EXPECT_THAT(error(older, map_of({{page(0x1000, kU, 3)}})),
                AllOf(HasSubstr("0x4000"), HasSubstr("process 1 (task)"), HasSubstr("frame 0x100003"),
                      HasSubstr("has no page")));
    EXPECT_THAT(error(older, map_of({{page(0x1000, kU, 2), page(0x3000, kU + 9, 2)}})),
                AllOf(HasSubstr("0x3000"), HasSubstr("frame 0x100002"), HasSubstr("frame 0x100009"),
                      HasSubstr("the same")));
    EXPECT_THAT(error(older, map_of({{page(0x1000, kU, 5)}})),
                AllOf(HasSubstr("0x5000"), HasSubstr("had no page")));
    EXPECT_THAT(error(older, map_of({{page(0x1000, kU, 3), page(0x4000, 55)}})), HasSubstr("the same"));
}

TEST(Verify, NamesMissingAndFurtherProcesses) {
    const auto one = map_of({{}}), two = map_of({{}, {}});
    EXPECT_THAT(error(two, one), HasSubstr("no process 2 (task) any more"));
    EXPECT_THAT(error(one, two), HasSubstr("process 2 (task) has appeared"));
    EXPECT_EQ(verified(two, two), Verified{});
}

TEST(Verify, RefusesUnsettledEntries) {
    auto newer = map_of({{}});
    newer.unsettled = 1;
    EXPECT_THAT(error(map_of({{}}), newer), HasSubstr("neither empty nor present"));
}

TEST(Verify, WantsFreshPagesForSpilledOnes) {
    const auto older = map_of({{page(0x1000, 50, 2)}});
    EXPECT_EQ(verified(older, map_of({{page(0x1000, 50), page(0x2000, 3)}})), (Verified{.spilled = 2}));
    EXPECT_THAT(error(older, map_of({{page(0x1000, 60), page(0x2000, kU)}})), HasSubstr("fresh page"));
    EXPECT_THAT(error(older, map_of({{page(0x1000, 60), page(0x2000, 60)}})),
                HasSubstr("already stands for frame 0x32"));
}

TEST(Verify, KeepsSharersOfASpilledPageTogether) {
    const auto older = map_of({{page(0x1000, 50)}, {page(0x1000, 50)}});
    EXPECT_EQ(verified(older, map_of({{page(0x1000, 60)}, {page(0x1000, 60)}})), (Verified{.spilled = 2}));
    EXPECT_EQ(verified(older, map_of({{page(0x1000, 60)}, {page(0x1000, 61)}})), (Verified{.spilled = 2}));
}

TEST(Verify, AllowsCopiesOfSharedPagesOnly) {
    const auto older = map_of({{page(0x1000, kU)}, {page(0x1000, kU), page(0x2000, kU + 1)}});
    EXPECT_EQ(verified(older, map_of({{page(0x1000, kU)}, {page(0x1000, 60), page(0x2000, kU + 1)}})),
              (Verified{.adopted = 2, .copied = 1}));
    EXPECT_THAT(error(older, map_of({{page(0x1000, kU)}, {page(0x1000, kU), page(0x2000, 60)}})),
                HasSubstr("the same"));
    EXPECT_THAT(error(older, map_of({{page(0x1000, kU)}, {page(0x1000, kU + 5), page(0x2000, kU + 1)}})),
                HasSubstr("the same"));
}

TEST(Verify, TakesCarriedPagesFromAnywhereButUserMemory) {
    const auto older = map_of({{page(0x1000, kU, 3)}});
    const Carried carried{{1, {{{0x2000}, 1}, {{0x7000}, 2}}}};
    EXPECT_EQ(
        verified(older,
                 map_of({{page(0x1000, kU), page(0x2000, 60), page(0x3000, kU + 2), page(0x7000, 61, 2)}}),
                 carried),
        (Verified{.adopted = 2, .carried = 1, .appeared = 2}));
    EXPECT_THAT(error(older, map_of({{page(0x1000, kU, 3)}}), carried),
                HasSubstr("cannot lie in user memory"));
    EXPECT_THAT(error(older, map_of({{page(0x1000, kU), page(0x3000, kU + 2)}}), carried),
                HasSubstr("CRIU carried the page"));
    EXPECT_THAT(
        error(older, map_of({{page(0x1000, kU), page(0x2000, 60), page(0x3000, kU + 2), page(0x9000, 61)}}),
              carried),
        HasSubstr("nothing may be there"));
}

// What the newer kernel should make of a map; then one page wrong.
TEST(Verify, FindsAnyOneWrongPage) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        const RandomMap random(seed);
        auto newer = random.map;
        for (auto& task : newer.tasks) {
            std::vector<Mapping> mappings;
            for (const auto& mapping : task.mappings)
                for (std::uint64_t i = 0; i < mapping.pages; ++i) {
                    auto part = mapping.part(i, 1);
                    const bool fresh =
                        random.is_carried(task.pid, part.address.value) || !kTestUser.contains(part.frame);
                    if (fresh) part.frame.value += 0x100'0000;
                    mappings.push_back(part);
                }
            task.mappings = std::move(mappings);
        }
        const auto result = verified(random.map, newer, random.carried);
        EXPECT_EQ(result.adopted + result.spilled + result.carried, RandomMap::pages_of(random.map).size());
        EXPECT_EQ(result.copied + result.appeared, 0);

        std::mt19937_64 engine(seed);
        auto& task = newer.tasks[engine() % newer.tasks.size()];
        if (task.mappings.empty()) continue;
        auto& wrong = task.mappings[engine() % task.mappings.size()];
        if (seed % 2 == 0)
            wrong.frame.value = wrong.frame.value == kU + 5000 ? kU + 5001 : kU + 5000;
        else
            task.mappings.erase(task.mappings.begin() + (&wrong - task.mappings.data()));
        EXPECT_NE(error(random.map, newer, random.carried), "") << seed;
    }
}

}  // namespace
}  // namespace nap::context
