// SPDX-License-Identifier: GPL-2.0-only
#include "agent/userland/reboot_request.hpp"

#include <gtest/gtest.h>

namespace nap::agent {
namespace {

TEST(RebootRequest, IsMetWhereKernelsAloneHaveAsked) {
    constexpr auto kRuns = "6.1.0-57-cloud-amd64";
    EXPECT_TRUE(is_met_by("linux-image-6.1.0-57-cloud-amd64\n", kRuns));
    EXPECT_TRUE(is_met_by(
        "linux-image-6.1.0-56-amd64\nlinux-image-6.1.0-57-cloud-amd64-unsigned\nlinux-base\n", kRuns));
    EXPECT_FALSE(is_met_by("linux-image-6.1.0-57-cloud-amd64\nlibc6\n", kRuns));
    EXPECT_FALSE(is_met_by("linux-image-6.1.0-58-cloud-amd64\n", kRuns));
    EXPECT_FALSE(is_met_by("linux-base\n", kRuns));
    EXPECT_FALSE(is_met_by("", kRuns));
}

}  // namespace
}  // namespace nap::agent
