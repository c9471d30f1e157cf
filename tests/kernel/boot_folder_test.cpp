// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/installed/boot_folder.hpp"

#include <gmock/gmock.h>

namespace nap::kernel {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(BootFolder, HasKernelsNewestFirst) {
    EXPECT_THAT(
        versions_in_boot({"config-6.1.0-9-amd64", "vmlinuz-6.1.0-9-amd64", "vmlinuz-6.12-rc3-amd64",
                          "vmlinuz-6.1.0-47-amd64", "vmlinuz-6.12-amd64", "initrd.img-6.1.0-47-amd64"},
                         ""),
        ElementsAre("6.12-amd64", "6.12-rc3-amd64", "6.1.0-47-amd64", "6.1.0-9-amd64"));
}

TEST(BootFolder, OfEquallyNewOnesTheRunningFlavourComesFirst) {
    const std::vector<std::string> names{"vmlinuz-6.1.0-57-cloud-amd64", "vmlinuz-6.1.0-57-amd64",
                                         "vmlinuz-6.1.0-57-rt-amd64", "vmlinuz-6.1.0-47-cloud-amd64"};
    EXPECT_EQ(versions_in_boot(names, "6.1.0-47-amd64").front(), "6.1.0-57-amd64");
    EXPECT_EQ(versions_in_boot(names, "6.1.0-47-cloud-amd64").front(), "6.1.0-57-cloud-amd64");
    EXPECT_EQ(versions_in_boot(names, "").front(), "6.1.0-57-rt-amd64");
}

TEST(BootFolder, WhatIsNotInItsPlaceIsNoKernel) {
    EXPECT_THAT(versions_in_boot({"vmlinuz", "vmlinuz.old", "vmlinuz-", "vmlinuz-6.1.0-9-amd64.dpkg-new",
                                  "vmlinuz-6.1.0-9-amd64.dpkg-tmp", "vmlinuz-6.1.0.old", "vmlinuz-rescue",
                                  "vmlinuz-6.1 0", "vmlinuz-6.1;rm", "vmlinuz-../x"},
                                 ""),
                IsEmpty());
}

}  // namespace
}  // namespace nap::kernel
