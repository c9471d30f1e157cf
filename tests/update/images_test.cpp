// SPDX-License-Identifier: GPL-2.0-only
#include "update/phases/images.hpp"

#include <gtest/gtest.h>

#include "base/fd.hpp"

namespace nap::update {
namespace {

namespace fs = std::filesystem;

class Images : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = ::testing::TempDir() + "images-XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
    }
    void TearDown() override { fs::remove_all(folder_); }
    void put(const std::string& name, const std::string& bytes) {
        ASSERT_TRUE(replace_file(folder_ / name, bytes));
    }
    fs::path folder_;
};

TEST_F(Images, ReadsOnlyPageMapsOfProcesses) {
    put("core-7.img", "not a page map");
    put("pagemap-shmem-12.img", "of shared memory");
    put("pagemap-x.img", "no pid");
    put("pagemap--3.img", "no pid");
    auto carried = read_carried_pages(folder_);
    ASSERT_TRUE(carried) << carried.error().message;
    EXPECT_TRUE(carried->empty());
}

TEST_F(Images, AMalformedPageMapIsAnErrorThatNamesTheFile) {
    put("pagemap-7.img", "garbage");
    auto carried = read_carried_pages(folder_);
    ASSERT_FALSE(carried);
    EXPECT_NE(carried.error().message.find("pagemap-7.img"), std::string::npos);
}

TEST_F(Images, AMissingFolderIsAnError) {
    EXPECT_FALSE(read_carried_pages(folder_ / "none"));
}

}  // namespace
}  // namespace nap::update
