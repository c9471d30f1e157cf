// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "e2e/machine.hpp"

namespace nap::e2e {

// A tmpfs of its own for a folder of all machines: one that can be filled. Not over one that is in use:
// faults that fill it then fail by themselves.
class SmallFolder {
  public:
    SmallFolder(std::filesystem::path folder, const char* size) : folder_(std::move(folder)) {
        std::filesystem::create_directories(folder_);
        mounted_ =
            std::filesystem::is_empty(folder_) &&
            call({"mount", "-t", "tmpfs", "-o", std::string("mode=0700,size=") + size, "nap-test", folder_})
                    .status == 0;
    }
    ~SmallFolder() {
        if (mounted_) {
            EXPECT_EQ(call({"umount", folder_}).status, 0);
        }
    }
    void fill() const {
        const auto filled = call({"dd", "if=/dev/zero", "of=" + filler().string(), "bs=4k"});
        EXPECT_NE(filled.out.find("No space left"), std::string::npos) << filled.out;
    }
    void make_room() const { std::filesystem::remove(filler()); }
    SmallFolder(const SmallFolder&) = delete;
    SmallFolder& operator=(const SmallFolder&) = delete;

  private:
    [[nodiscard]] std::filesystem::path filler() const { return folder_ / "filler"; }
    const std::filesystem::path folder_;
    bool mounted_ = false;
};

}  // namespace nap::e2e
