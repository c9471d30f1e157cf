// SPDX-License-Identifier: GPL-2.0-only
#include "base/version_order.hpp"

#include <gtest/gtest.h>

#include <array>

#include "base/process.hpp"

namespace nap {
namespace {

// Oldest first.
constexpr std::array kInOrder = {"6.1.0-9-amd64",
                                 "6.1.0-47-amd64",
                                 "6.1.0-47-cloud-amd64",
                                 "6.1.0-57-amd64",
                                 "6.1.0-57-cloud-amd64",
                                 "6.12-rc3-amd64",
                                 "6.12-rc10-amd64",
                                 "6.12-amd64",
                                 "6.12.9+bpo-cloud-amd64",
                                 "6.12.117+deb12-amd64",
                                 "6.12.117+deb12-cloud-amd64",
                                 "7.0.0-1-amd64"};

TEST(VersionOrder, NewerOnesComeLater) {
    for (std::size_t left = 0; left < kInOrder.size(); ++left)
        for (std::size_t right = 0; right < kInOrder.size(); ++right)
            EXPECT_EQ(compare_versions(kInOrder[left], kInOrder[right]), left <=> right)
                << kInOrder[left] << ' ' << kInOrder[right];
}

TEST(VersionOrder, IsDpkgs) {
    for (auto [left, right] : {std::pair{"6.1.0-9", "6.1.0-47"},
                               {"6.1", "6.1.0"},
                               {"6.1~a", "6.1"},
                               {"6.01", "6.1"},
                               {"6.1+b", "6.1-a"},
                               {"6.1.a", "6.1.1"},

                               {"6.1.99999999999999999999", "6.1.100000000000000000000"}}) {
        const auto order = compare_versions(left, right);
        const auto* relation = order < 0 ? "lt" : order > 0 ? "gt" : "eq";
        // As upstream versions, which is what one without '-' is, and what dpkg compares apart otherwise.
        const auto epoch = [](const char* version) { return "0:" + std::string(version) + "-0"; };
        const auto asked = run({.argv = {"dpkg", "--compare-versions", epoch(left), relation, epoch(right)}},
                               std::chrono::seconds(10));
        ASSERT_TRUE(asked);
        EXPECT_EQ(asked->status, 0) << left << ' ' << relation << ' ' << right;
    }
}

TEST(VersionOrder, FlavoursBeginWithALetter) {
    EXPECT_EQ(without_flavour("6.1.0-47-cloud-amd64"), "6.1.0-47");
    EXPECT_EQ(without_flavour("6.12.117+deb12-amd64"), "6.12.117+deb12");
    EXPECT_EQ(without_flavour("6.12-rc3-amd64"), "6.12-rc3");
    EXPECT_EQ(without_flavour("6.8.0-45-generic"), "6.8.0-45");
    EXPECT_EQ(without_flavour("6.6.1"), "6.6.1");
}

}  // namespace
}  // namespace nap
