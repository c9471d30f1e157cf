// SPDX-License-Identifier: GPL-2.0-only
// The layouts of two stock kernels. data/*.btf: their BTF reduced to the structs that read_layout looks at.
#include "walk/layout.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/fd.hpp"
#include "tests/walk/btf_builder.hpp"

namespace nap::walk {
namespace {
using testing::HasSubstr;

Result<KernelLayout> layout_of(const std::string& kernel) {
    const auto path = std::filesystem::path(__FILE__).parent_path() / "data" / (kernel + ".btf");
    NAP_TRY(const auto btf, read_file(path));
    return read_layout(as_bytes(btf));
}

TEST(Layout, OfDebian6_1) {
    const auto layout = layout_of("6.1.0-56-cloud-amd64");
    ASSERT_TRUE(layout) << layout.error().message;
    const KernelLayout expected{.task_tasks = 2192,
                                .task_mm = 2272,
                                .task_comm = 2976,
                                .task_thread_pid = 2520,
                                .task_signal = 3072,
                                .task_thread_node = 2608,
                                .task_stack = 32,
                                .task_restart_block = 2360,
                                .signal_nr_threads = 8,
                                .signal_thread_head = 16,
                                .restart_fn = 8,
                                .restart_union = 16,
                                .mm_pgd = 72,
                                .pid_level = 4,
                                .pid_numbers = 96,
                                .upid_size = 16,
                                .upid_nr = 0,
                                .upid_ns = 8,
                                .page_size = 64,
                                .page_compound_head = 8,
                                .page_mapping = 24,
                                .mapping_host = 0,
                                .inode_sb = 40,
                                .sb_magic = 96,
                                .accounts = layout->accounts};
    EXPECT_EQ(*layout, expected);
    EXPECT_EQ(layout->accounts.thread[NAP_UTIME], Place(2656));
    EXPECT_EQ(layout->accounts.process[NAP_CHILDREN_UTIME], Place(456));
}

TEST(Layout, OfDebian6_12) {
    const auto layout = layout_of("6.12.117+deb12-cloud-amd64");
    ASSERT_TRUE(layout) << layout.error().message;
    const KernelLayout expected{.task_tasks = 2224,
                                .task_mm = 2304,
                                .task_comm = 2976,
                                .task_thread_pid = 2536,
                                .task_signal = 3072,
                                .task_thread_node = 2608,
                                .task_stack = 32,
                                .task_restart_block = 2376,
                                .signal_nr_threads = 8,
                                .signal_thread_head = 16,
                                .restart_fn = 8,
                                .restart_union = 16,
                                .mm_pgd = 120,
                                .pid_level = 4,
                                .pid_numbers = 112,
                                .upid_size = 16,
                                .upid_nr = 0,
                                .upid_ns = 8,
                                .page_size = 64,
                                .page_compound_head = 8,
                                .page_mapping = 24,
                                .mapping_host = 0,
                                .inode_sb = 40,
                                .sb_magic = 96,
                                .accounts = layout->accounts};
    EXPECT_EQ(*layout, expected);
}

TEST(Layout, SurvivesJson) {
    const auto layout = layout_of("6.1.0-56-cloud-amd64");
    ASSERT_TRUE(layout);
    const auto again = layout_from_json(nlohmann::json::parse(to_json(*layout).dump()));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(*again, *layout);
}

TEST(Layout, RefusesJsonThatIsNone) {
    const auto good = to_json(*layout_of("6.1.0-56-cloud-amd64"));
    for (const auto& [name, value] : good.items()) {
        auto missing = good;
        missing.erase(name);
        EXPECT_FALSE(layout_from_json(missing)) << name;
        for (const auto& wrong :
             {nlohmann::json("8"), nlohmann::json(-8), nlohmann::json(1 << 20), nlohmann::json(3)}) {
            auto changed = good;
            changed[name] = wrong;
            EXPECT_FALSE(layout_from_json(changed)) << name << wrong;
        }
    }
    auto without_size = good;
    without_size["page_size"] = 0;
    EXPECT_FALSE(layout_from_json(without_size));
    EXPECT_FALSE(layout_from_json(nlohmann::json::array()));
}

TEST(Layout, NamesAMissingField) {
    BtfBuilder builder;
    builder.structure("task_struct", 64, {{"tasks", 0, 128}});
    EXPECT_THAT(read_layout(builder.bytes()).error().message,
                HasSubstr("struct task_struct has no field mm"));
}

}  // namespace
}  // namespace nap::walk
