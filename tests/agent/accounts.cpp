// SPDX-License-Identifier: GPL-2.0-only
#include "agent/contexts/accounts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "guest/module/nap_account.h"

namespace nap::agent {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::uint64_t> account_of(std::uint64_t pid, std::uint64_t threads) {
    std::vector<std::uint64_t> words(NAP_PROCESS_HEAD + NAP_PROCESS_WORDS, 3);
    words[0] = pid;
    words[1] = threads;
    words.resize(words.size() + threads * (NAP_THREAD_HEAD + NAP_THREAD_WORDS), 5);
    return words;
}

TEST(Accounts, AreGivenToHostPids) {
    auto words = account_of(1, 2);
    const auto second = account_of(9, 1);
    const auto at = words.size();
    words.insert(words.end(), second.begin(), second.end());
    auto expected = words;
    expected[0] = 101;
    expected[at] = 109;
    EXPECT_EQ(with_host_pids(words, {{1, 101}, {9, 109}}), expected);
    EXPECT_THAT(with_host_pids(words, {{1, 101}}).error().message,
                HasSubstr("pid 9, which was not recreated"));
}

TEST(Accounts, ThatAreCutOffAreRefused) {
    auto words = account_of(1, 2);
    words.pop_back();
    EXPECT_FALSE(with_host_pids(words, {{1, 101}}));
    EXPECT_FALSE(with_host_pids({1}, {{1, 101}}));
    words = account_of(1, 1);
    words[1] = ~std::uint64_t{0};
    EXPECT_FALSE(with_host_pids(words, {{1, 101}}));
    EXPECT_TRUE(with_host_pids({}, {}));
}

TEST(Accounts, RefusalsNameTheProcess) {
    nap_accounts report{};
    report.refused[NAP_REFUSED_CPUS] = 3;
    report.refused_pid[NAP_REFUSED_CPUS] = 109;
    EXPECT_THAT(
        refusals(report, {{9, 109}}),
        ElementsAre("this kernel refuses the CPU affinity that pid 9 had, and that of 2 other threads"));
    EXPECT_TRUE(refusals({}, {}).empty());
}

}  // namespace
}  // namespace nap::agent
