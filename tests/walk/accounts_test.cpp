// SPDX-License-Identifier: GPL-2.0-only
#include "walk/accounts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/walk/btf_builder.hpp"
#include "tests/walk/fake_kernel.hpp"
#include "walk/btf.hpp"

namespace nap::walk {
namespace {
using testing::HasSubstr;

constexpr std::uint64_t kProcess = NAP_PROCESS_HEAD + NAP_PROCESS_WORDS;
constexpr std::uint64_t kThread = NAP_THREAD_HEAD + NAP_THREAD_WORDS;

// The fake kernel's tasks with lists of threads, and some fields of their accounts.
class Accounts : public testing::Test {
  protected:
    static constexpr std::uint64_t kNode = 80, kUtime = 96, kStart = 104, kPolicy = 112, kProxy = 120;
    static constexpr std::uint64_t kHead = 16, kChildrenUtime = 32;
    FakeKernel kernel{false};
    KernelLayout layout = kernel.layout();

    Accounts() {
        auto& accounts = layout.accounts;
        accounts.paths.thread_head = kHead, accounts.paths.thread_node = kNode;
        accounts.paths.mempolicy = kPolicy, accounts.paths.nsproxy = kProxy;
        accounts.paths.time_ns = 8, accounts.paths.monotonic = 16, accounts.paths.boottime = 32;
        accounts.thread[NAP_UTIME] = kUtime, accounts.thread[NAP_START_SINCE_BOOT] = kStart;
        accounts.thread[NAP_POLICY_MODE] = 4;
        accounts.process[NAP_CHILDREN_UTIME] = kChildrenUtime, accounts.process[NAP_PEAK_RESIDENT] = 40;
    }

    std::uint64_t physical(std::uint64_t direct) const { return direct - kernel.direct(0); }
    std::uint64_t signal_of(std::uint64_t task) const {
        return physical(kernel.get<std::uint64_t>(task + layout.task_signal));
    }
    void set_threads(std::uint64_t process, std::initializer_list<std::uint64_t> threads) {
        auto at = signal_of(process) + kHead;
        for (const auto thread : threads) {
            kernel.put(at, kernel.direct(thread + kNode));
            at = thread + kNode;
        }
        kernel.put(at, kernel.direct(signal_of(process) + kHead));
    }
    // Its clocks run ahead of the kernel's by seconds.
    void set_clocks(std::uint64_t init, std::uint64_t monotonic, std::uint64_t boottime) {
        const auto proxy = kernel.take_page(), name_space = kernel.take_page();
        kernel.put(init + kProxy, kernel.direct(proxy));
        kernel.put(proxy + 8, kernel.direct(name_space));
        kernel.put(name_space + 16, monotonic);
        kernel.put(name_space + 32, boottime);
        kernel.put(name_space + 40, std::uint64_t{7});
    }
    Result<std::vector<std::uint64_t>> read(const AccountLimits& limits = {}) {
        return read_accounts(kernel.bytes(), layout, kernel.anchors(), 101, limits);
    }
    std::string error(const AccountLimits& limits = {}) {
        const auto words = read(limits);
        return words ? "" : words.error().message;
    }
};

TEST_F(Accounts, OfOneProcess) {
    const auto init = kernel.add("init", 1);
    set_threads(init.task, {init.task});
    set_clocks(init.task, 10, 20);
    kernel.put(init.task + kUtime, std::uint64_t{1234});
    kernel.put(init.task + kStart, std::uint64_t{5});
    kernel.put(signal_of(init.task) + kChildrenUtime, std::uint64_t{55});
    kernel.put(init.mm + 40, std::uint64_t{4096});
    const auto words = read();
    ASSERT_TRUE(words) << words.error().message;
    ASSERT_EQ(words->size(), kProcess + kThread);
    const auto *process = words->data() + NAP_PROCESS_HEAD, *thread = words->data() + kProcess + 1;
    EXPECT_EQ((*words)[0], 1);
    EXPECT_EQ((*words)[1], 1);
    EXPECT_EQ((*words)[kProcess], 1);
    EXPECT_EQ(process[NAP_CHILDREN_UTIME], 55);
    EXPECT_EQ(process[NAP_PEAK_RESIDENT], 4096);
    EXPECT_EQ(process[NAP_CHILDREN_STIME], NAP_UNKNOWN);
    EXPECT_EQ(thread[NAP_UTIME], 1234);
    EXPECT_EQ(thread[NAP_STIME], NAP_UNKNOWN);
    EXPECT_EQ(thread[NAP_POLICY_MODE], 0);  // it has no policy
    EXPECT_EQ(thread[NAP_START_SINCE_BOOT], 20'000'000'012);
    EXPECT_EQ(thread[NAP_START], NAP_UNKNOWN);
}

TEST_F(Accounts, OfThreadsWithPolicies) {
    const auto init = kernel.add("init", 1);
    const auto thread = kernel.take_page(), policy = kernel.take_page();
    kernel.put(thread + layout.task_thread_pid,
               kernel.get<std::uint64_t>(init.task + layout.task_thread_pid));
    set_threads(init.task, {init.task, thread});
    kernel.put(thread + kPolicy, kernel.direct(policy));
    kernel.put(policy + 4, std::uint64_t{2});
    kernel.put(thread + kUtime, std::uint64_t{77});
    const auto words = read();
    ASSERT_TRUE(words) << words.error().message;
    ASSERT_EQ(words->size(), kProcess + 2 * kThread);
    EXPECT_EQ((*words)[1], 2);
    EXPECT_EQ((*words)[kProcess + kThread + 1 + NAP_UTIME], 77);
    EXPECT_EQ((*words)[kProcess + kThread + 1 + NAP_POLICY_MODE], 2);
}

TEST_F(Accounts, RefuseListsWithoutEnd) {
    const auto init = kernel.add("init", 1);
    kernel.put(signal_of(init.task) + kHead, kernel.direct(init.task + kNode));
    kernel.put(init.task + kNode, kernel.direct(init.task + kNode));
    EXPECT_THAT(error({.threads = 50}), HasSubstr("too many, or their list has no end"));
    kernel.put(init.task + kNode, std::uint64_t{0x1234});
    EXPECT_THAT(error(), HasSubstr("outside of kernel memory"));
    set_threads(init.task, {});
    EXPECT_THAT(error(), HasSubstr("process 1 has no thread"));
    layout.accounts.paths.thread_head.reset();
    EXPECT_THAT(error(), HasSubstr("list of threads is unknown"));
}

TEST(AccountLayout, FindsWhatLiesInStructsOfStructs) {
    BtfBuilder builder;
    const auto entity = builder.structure("sched_entity", 64, {{"sum_exec_runtime", 0, 128}});
    builder.structure("task_struct", 256, {{"utime", 0, 64}, {"se", entity, 512}});
    const auto btf = builder.bytes();
    const auto types = Btf::parse(btf);
    ASSERT_TRUE(types);
    const auto layout = read_account_layout(*types);
    EXPECT_EQ(layout.thread[NAP_RUNTIME], Place(80));
    EXPECT_EQ(layout.thread[NAP_UTIME], Place(8));
    EXPECT_EQ(layout.thread[NAP_STIME], std::nullopt);
    EXPECT_EQ(layout.process[NAP_LARGEST], std::nullopt);
    EXPECT_THAT(types->offset_of("task_struct", "utime.seconds").error().message, HasSubstr("is no struct"));

    const auto again = account_layout_from_json(nlohmann::json::parse(to_json(layout).dump()));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(*again, layout);
    for (const auto* wrong :
         {R"({"UTIME": -8})", R"({"UTIME": "8"})", R"({"UTIME": 1048576})", R"({"X": 8})", "[]"})
        EXPECT_FALSE(account_layout_from_json(nlohmann::json::parse(wrong))) << wrong;
}

}  // namespace
}  // namespace nap::walk
