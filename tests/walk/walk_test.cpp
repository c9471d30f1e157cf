// SPDX-License-Identifier: GPL-2.0-only
#include "walk/walk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/walk/fake_kernel.hpp"

namespace nap::walk {
namespace {
using context::Mapping;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto kU = FakeKernel::kUserFirst;

class Walk : public testing::TestWithParam<bool> {
  protected:
    FakeKernel kernel{GetParam()};

    Result<context::PageMap> walk(const WalkLimits& limits = {}) {
        return nap::walk::walk(kernel.bytes(), kernel.layout(), kernel.anchors(), 101, FakeKernel::user(),
                               limits);
    }
    std::string error(const WalkLimits& limits = {}) {
        const auto map = walk(limits);
        return map ? "" : map.error().message;
    }
    std::vector<Mapping> mappings() {
        const auto map = walk();
        EXPECT_TRUE(map) << map.error().message;
        return map ? map->tasks.at(0).mappings : std::vector<Mapping>{};
    }
};
INSTANTIATE_TEST_SUITE_P(Levels, Walk, testing::Bool(),
                         [](const auto& levels) { return levels.param ? "five" : "four"; });

TEST_P(Walk, MergesNeighboursWhoseFramesFollowEachOther) {
    const auto init = kernel.add("init", 1);
    kernel.anonymous(init, 0x7f00'0000'0000, kU + 10, 3);
    kernel.anonymous(init, 0x7f00'0000'3000, kU + 20, 1);
    kernel.anonymous(init, 0x7f00'0000'5000, kU + 21, 1);
    EXPECT_THAT(mappings(), ElementsAre(Mapping{{0x7f00'0000'0000}, {kU + 10}, 3, false},
                                        Mapping{{0x7f00'0000'3000}, {kU + 20}, 1, false},
                                        Mapping{{0x7f00'0000'5000}, {kU + 21}, 1, false}));
}

TEST_P(Walk, MergesAcrossTables) {
    const auto init = kernel.add("init", 1);
    kernel.anonymous(init, 0x7f00'001f'e000, kU + 10, 4);
    EXPECT_THAT(mappings(), ElementsAre(Mapping{{0x7f00'001f'e000}, {kU + 10}, 4, false}));
}

TEST_P(Walk, ReachesTheEndOfUserSpace) {
    const auto init = kernel.add("init", 1);
    const std::uint64_t last = GetParam() ? 0x00ff'ffff'ffff'f000 : 0x7fff'ffff'f000;
    kernel.anonymous(init, 0x1000, kU, 1);
    kernel.anonymous(init, last, kU + 7, 1);
    EXPECT_THAT(mappings(),
                ElementsAre(Mapping{{0x1000}, {kU}, 1, false}, Mapping{{last}, {kU + 7}, 1, false}));
}

TEST_P(Walk, SortsPagesByUse) {
    const auto init = kernel.add("init", 1);
    const auto tmpfs = kernel.file(FakeKernel::kTmpfs), ext4 = kernel.file(FakeKernel::kExt4);
    kernel.anonymous(init, 0x10000, kU + 1);
    kernel.map(init, 0x20000, kU + 2);
    kernel.use(kU + 2, FakeKernel::ksm());
    for (std::uint64_t i = 0; i < 3; ++i) kernel.map(init, 0x30000 + i * kPageSize, kU + 3 + i);
    for (std::uint64_t i = 0; i < 3; ++i) kernel.use(kU + 3 + i, tmpfs);
    for (std::uint64_t i = 0; i < 2; ++i) kernel.map(init, 0x40000 + i * kPageSize, kU + 6 + i);
    for (std::uint64_t i = 0; i < 2; ++i) kernel.use(kU + 6 + i, ext4);
    kernel.map(init, 0x50000, 3);  // the kernel's own page: no mapping
    kernel.map(init, 0x51000, kU + 1,
               FakeKernel::kPresent | FakeKernel::kSpecial);  // mapped as if a device's
    kernel.map(init, 0x52000, 0xfed00);                       // the HPET: neither K nor U
    kernel.map(init, 0x53000, kU + 9);
    kernel.use(kU + 9, 0xffff'8880'0000'0002);  // a movable page of a driver
    kernel.map(init, 0x54000, kU + 11);
    kernel.use(kU + 11, 0xdead'beef'0000'0000);  // a wild pointer
    const auto map = walk();
    ASSERT_TRUE(map) << map.error().message;
    EXPECT_THAT(map->tasks.at(0).mappings,
                ElementsAre(Mapping{{0x10000}, {kU + 1}, 1, false}, Mapping{{0x20000}, {kU + 2}, 1, false}));
    EXPECT_EQ(map->shared_memory_pages, 3);
    EXPECT_EQ(map->file_pages, 2);
    EXPECT_EQ(map->special_pages, 5);
    EXPECT_EQ(map->unsettled, 0);
}

TEST_P(Walk, AsksTheHeadOfACompoundPage) {
    const auto init = kernel.add("init", 1);
    kernel.use(kU + 512, FakeKernel::anonymous());
    kernel.use(kU + 1024, kernel.file(FakeKernel::kTmpfs));
    for (const auto head : {kU + 512, kU + 1024}) {
        kernel.tail(head + 5, head);
        kernel.map(init, (head + 5) * kPageSize, head + 5);
    }
    const auto map = walk();
    ASSERT_TRUE(map) << map.error().message;
    EXPECT_THAT(map->tasks.at(0).mappings,
                ElementsAre(Mapping{{(kU + 517) * kPageSize}, {kU + 517}, 1, false}));
    EXPECT_EQ(map->shared_memory_pages, 1);
}

TEST_P(Walk, FindsPagesWithoutAccess) {
    const auto init = kernel.add("init", 1);
    kernel.map(init, 0x10000, kU + 1, FakeKernel::kNoAccess | FakeKernel::kAccessed);
    kernel.use(kU + 1, FakeKernel::anonymous());
    kernel.map(init, 0x20'0000, kU + 512, FakeKernel::kNoAccess | FakeKernel::kLarge, 2);
    kernel.use(kU + 512, FakeKernel::anonymous());
    EXPECT_THAT(mappings(), ElementsAre(Mapping{{0x10000}, {kU + 1}, 1, false},
                                        Mapping{{0x20'0000}, {kU + 512}, 512, true}));
}

TEST_P(Walk, FindsLargePages) {
    const auto init = kernel.add("init", 1);
    const auto large =
        FakeKernel::kPresent | FakeKernel::kLarge | 0x1000;  // with the PAT bit, which is no address
    kernel.map(init, 0x4000'0000, kU + 512, large, 2);
    kernel.map(init, 0x4020'0000, kU + 1024, large, 2);
    kernel.map(init, 0x4040'0000, kU + 2048, large, 2);
    for (const auto frame : {kU + 512, kU + 1024}) kernel.use(frame, FakeKernel::anonymous());
    kernel.use(kU + 2048, kernel.file(FakeKernel::kTmpfs));
    kernel.anonymous(init, 0x4060'0000, kU + 1536, 2);  // follows on, but is not huge
    const auto map = walk();
    ASSERT_TRUE(map) << map.error().message;
    EXPECT_THAT(map->tasks.at(0).mappings, ElementsAre(Mapping{{0x4000'0000}, {kU + 512}, 1024, true},
                                                       Mapping{{0x4060'0000}, {kU + 1536}, 2, false}));
    EXPECT_EQ(map->shared_memory_pages, 512);
}

TEST_P(Walk, RefusesALargePageThatLeavesMemory) {
    const auto init = kernel.add("init", 1);
    kernel.map(init, 0x4000'0000, kU, FakeKernel::kPresent | FakeKernel::kLarge, 3);  // 1 GiB
    kernel.use(kU, FakeKernel::anonymous());
    EXPECT_THAT(error(), HasSubstr("only partly in memory"));
}

TEST_P(Walk, CountsWhatIsNotSettled) {
    const auto init = kernel.add("init", 1);
    const auto swap_entry = [](std::uint64_t type, std::uint64_t offset) {
        return (~offset << 14 >> 5) | type << 59;
    };
    kernel.put(kernel.entry(init, 0x1000), swap_entry(0, 1234));  // a swap area
    kernel.put(kernel.entry(init, 0x2000), swap_entry(3, 99));    // another one
    kernel.put(kernel.entry(init, 0x3000), swap_entry(28, kU));   // migration
    kernel.put(kernel.entry(init, 0x4000), swap_entry(31, 1));    // a marker
    kernel.put(kernel.entry(init, 0x5000),
               std::uint64_t{0x60});  // empty: accessed and dirty set by an erratum
    kernel.put(kernel.entry(init, 0x20'0000, 2), swap_entry(29, kU + 512));  // migration of a 2 MiB page
    const auto map = walk();
    ASSERT_TRUE(map) << map.error().message;
    EXPECT_THAT(map->tasks.at(0).mappings, IsEmpty());
    EXPECT_EQ(map->unsettled, 5);
    EXPECT_EQ(map->swapped, 2);
}

TEST_P(Walk, FindsPagesInKernelMemory) {
    const auto init = kernel.add("init", 1);
    const auto frame = kernel.take_page() >> 12;
    kernel.anonymous(init, 0x10000, frame);
    EXPECT_THAT(mappings(), ElementsAre(Mapping{{0x10000}, {frame}, 1, false}));
}

TEST_P(Walk, FindsTheProcessesOfTheUserland) {
    kernel.add("systemd", {{1, 1}});
    kernel.add("init", 1);
    kernel.add("other machine", {{50, 1}, {1, 3}});
    kernel.add("redis", 9);
    kernel.add("a\tb\xffz", 5);
    kernel.add("container", {{300, 1}, {7, 2}, {1, 4}});
    kernel.add_task(kernel.take_page(), "zombie", {{301, 1}, {8, 2}});
    kernel.add_task(kernel.take_page(), "kthread", {{2, 1}});
    const auto map = walk();
    ASSERT_TRUE(map) << map.error().message;
    std::vector<std::tuple<int, int, std::string>> found;
    for (const auto& task : map->tasks) found.emplace_back(task.pid, task.host_pid, task.name);
    using Row = std::tuple<int, int, std::string>;
    EXPECT_THAT(found, ElementsAre(Row{1, 101, "init"}, Row{5, 105, "a?b?z"}, Row{7, 300, "container"},
                                   Row{9, 109, "redis"}));
}

TEST_P(Walk, RefusesSharedMemoryMaps) {
    const auto init = kernel.add("init", 1), child = kernel.add("vforked", 2);
    kernel.put(child.task + kernel.layout().task_mm, kernel.direct(init.mm));
    const auto map = walk();
    ASSERT_FALSE(map);
    EXPECT_EQ(map.error().kind, ErrorKind::unsupported);
    EXPECT_THAT(map.error().message, HasSubstr("process 1 (init) and process 2 (vforked)"));
}

TEST_P(Walk, RefusesAProcessWithoutItsFirstThread) {
    kernel.add("init", 1);
    const auto task = kernel.take_page();
    kernel.add_task(task, "headless", {{102, 1}, {2, 2}});
    const auto signal = kernel.get<std::uint64_t>(task + kernel.layout().task_signal) - kernel.direct(0);
    kernel.put<std::uint32_t>(signal + kernel.layout().signal_nr_threads, 2);
    const auto map = walk();
    ASSERT_FALSE(map);
    EXPECT_EQ(map.error().kind, ErrorKind::unsupported);
    EXPECT_THAT(map.error().message, HasSubstr("process 2 (headless)"));
}

TEST_P(Walk, NamesAMissingInit) {
    kernel.add("other", 3);
    const auto map = walk();
    ASSERT_FALSE(map);
    EXPECT_EQ(map.error().kind, ErrorKind::not_found);
}

TEST_P(Walk, RefusesTablesThatPointToThemselves) {
    const auto init = kernel.add("init", 1);
    kernel.put(init.pgd, init.pgd | FakeKernel::kPresent);
    EXPECT_THAT(error(), HasSubstr("used in two places"));
}

TEST_P(Walk, RefusesTablesOfTwoProcesses) {
    const auto init = kernel.add("init", 1), other = kernel.add("other", 2);
    kernel.anonymous(init, 0x1000, kU);
    kernel.put(other.pgd, kernel.get<std::uint64_t>(init.pgd));
    EXPECT_THAT(error(), HasSubstr("process 2 (other)"));
}

TEST_P(Walk, RefusesTablesOutsideOfKernelMemory) {
    const auto init = kernel.add("init", 1);
    kernel.put<std::uint64_t>(init.pgd + 8, 0x000f'ffff'ffff'f001);
    EXPECT_THAT(error(), HasSubstr("outside of kernel memory"));
}

TEST_P(Walk, KeepsItsLimits) {
    const auto init = kernel.add("init", 1);
    kernel.add("other", 2);
    kernel.anonymous(init, 0x1000, kU);
    EXPECT_THAT(error({.tasks = 1}), HasSubstr("more than 1"));
    EXPECT_THAT(error({.page_tables = 2}), HasSubstr("limit"));
}

TEST_P(Walk, RefusesAnEndlessTaskList) {
    const auto init = kernel.add("init", 1);
    kernel.put(init.task + kernel.layout().task_tasks, kernel.direct(init.task) + kernel.layout().task_tasks);
    EXPECT_THAT(error(), HasSubstr("no end"));
}

TEST_P(Walk, RefusesWildPointersAndAnchors) {
    const auto init = kernel.add("init", 1);
    auto anchors = kernel.anchors();
    const auto walk_with = [&] {
        return nap::walk::walk(kernel.bytes(), kernel.layout(), anchors, 101, FakeKernel::user());
    };
    ASSERT_TRUE(walk_with());
    for (auto* anchor :
         {&anchors.init_task, &anchors.page_offset_base, &anchors.vmemmap_base, &anchors.kernel_code}) {
        const auto kept = *anchor;
        for (const std::uint64_t wild :
             {std::uint64_t{0}, std::uint64_t{0x4000'0000'0000}, ~std::uint64_t{0}, ~std::uint64_t{7}}) {
            *anchor = wild;
            EXPECT_FALSE(walk_with()) << wild;
        }
        *anchor = kept;
    }
    for (const auto field :
         {kernel.layout().task_tasks, kernel.layout().task_mm, kernel.layout().task_thread_pid}) {
        const auto kept = kernel.get<std::uint64_t>(init.task + field);
        kernel.put<std::uint64_t>(init.task + field, 0x1234'5678'9abc'def0);
        EXPECT_FALSE(walk());
        kernel.put(init.task + field, kept);
    }
}

TEST_P(Walk, RefusesPageStructsThatAreNotThere) {
    kernel.add("init", 1);
    const auto map =
        nap::walk::walk(kernel.bytes(), kernel.layout(), kernel.anchors(), 101, {{0x80'0000}, 512});
    ASSERT_FALSE(map);
    EXPECT_THAT(map.error().message, HasSubstr("page structs"));
}

}  // namespace
}  // namespace nap::walk
