// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/package/apt.hpp"

#include <gmock/gmock.h>

namespace nap::kernel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// An archive as bookworm's: a metapackage, an image, headers and what they need.
class Archive {
  public:
    void add(const std::string& name, const std::string& version, const std::string& depends) {
        packages_[name] = Paragraph{{{"Package", name},
                                     {"Version", version},
                                     {"Architecture", "amd64"},
                                     {"Depends", depends},
                                     {"SHA256", "digest of " + name},
                                     {"Size", "17"}}};
    }
    void drop(const std::string& name) { packages_.erase(name); }
    [[nodiscard]] AptLookup lookup() const {
        return [this](const std::string& name) -> Result<Paragraph> {
            auto found = packages_.find(name);
            if (found == packages_.end()) return fail(ErrorKind::not_found, "apt does not know " + name);
            return found->second;
        };
    }

  private:
    std::map<std::string, Paragraph> packages_;
};

Archive bookworm() {
    Archive archive;
    archive.add("linux-image-cloud-amd64", "6.1.170-3", "linux-image-6.1.0-47-cloud-amd64 (= 6.1.170-3)");
    for (auto image : {"linux-image-6.1.0-47-cloud-amd64", "linux-image-6.1.0-47-cloud-amd64-unsigned"})
        archive.add(image, "6.1.170-3", "kmod, linux-base (>= 4.3~), initramfs-tools | linux-initramfs-tool");
    archive.add("linux-headers-6.1.0-47-cloud-amd64", "6.1.170-3",
                "linux-headers-6.1.0-47-common (= 6.1.170-3), linux-kbuild-6.1 (>= 6.1.170-3), "
                "linux-compiler-gcc-12-x86");
    archive.add("linux-headers-6.1.0-47-common", "6.1.170-3", "");
    archive.add("linux-kbuild-6.1", "1:6.1.192-2", "libc6 (>= 2.34)");
    archive.add("bash", "5.2", "");
    return archive;
}

Result<AptPlan> plan_of(const std::string& package, const Archive& archive) {
    NAP_TRY(auto image, find_image(package, archive.lookup()));
    return plan_packages(image, archive.lookup());
}

std::vector<std::string> names(const std::vector<AptPackage>& packages) {
    std::vector<std::string> all;
    for (const auto& package : packages) all.push_back(package.name);
    return all;
}

TEST(PackageName, IsWhatAptTakesForOne) {
    for (auto name : {"linux-image-6.1.0-47-cloud-amd64", "g++", "0ad"}) EXPECT_TRUE(is_package_name(name));
    for (auto name : {"", "-o", "a b", "../x", ".", "Linux", "a/b"})
        EXPECT_FALSE(is_package_name(name)) << name;
}

TEST(AptPlan, FollowsHeadersToWhatTheyNeed) {
    auto archive = bookworm();
    auto plan = plan_of("linux-image-6.1.0-47-cloud-amd64", archive);
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_EQ(plan->image.file, "linux-image-6.1.0-47-cloud-amd64_6.1.170-3_amd64.deb");
    EXPECT_EQ(plan->image.size, 17U);
    EXPECT_THAT(names(plan->others), ElementsAre("linux-headers-6.1.0-47-cloud-amd64",
                                                 "linux-headers-6.1.0-47-common", "linux-kbuild-6.1"));
    EXPECT_EQ(plan->others[2].file, "linux-kbuild-6.1_1%3a6.1.192-2_amd64.deb");
}

TEST(AptPlan, FollowsMetapackagesAndUnsignedImages) {
    auto archive = bookworm();
    auto meta = plan_of("linux-image-cloud-amd64", archive);
    ASSERT_TRUE(meta) << meta.error().message;
    EXPECT_EQ(meta->image.name, "linux-image-6.1.0-47-cloud-amd64");
    auto unsigned_image = plan_of("linux-image-6.1.0-47-cloud-amd64-unsigned", archive);
    ASSERT_TRUE(unsigned_image) << unsigned_image.error().message;
    EXPECT_EQ(unsigned_image->others.size(), 3U);
}

TEST(AptPlan, TakesModulesPackagedApart) {
    Archive archive;
    archive.add("linux-image-6.8.0-45-generic", "6.8.0-45.45", "kmod, linux-modules-6.8.0-45-generic");
    archive.add("linux-modules-6.8.0-45-generic", "6.8.0-45.45", "");
    archive.add("linux-headers-6.8.0-45-generic", "6.8.0-45.45", "linux-headers-6.8.0-45, libc6");
    archive.add("linux-headers-6.8.0-45", "6.8.0-45.45", "");
    auto plan = plan_of("linux-image-6.8.0-45-generic", archive);
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_THAT(names(plan->others), ElementsAre("linux-modules-6.8.0-45-generic",
                                                 "linux-headers-6.8.0-45-generic", "linux-headers-6.8.0-45"));
}

TEST(AptPlan, ACircleOfMetapackagesEnds) {
    Archive archive;
    archive.add("linux-image-a", "1", "linux-image-b");
    archive.add("linux-image-b", "1", "linux-image-a");
    auto plan = plan_of("linux-image-a", archive);
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().kind, ErrorKind::refused);
}

TEST(AptPlan, SaysWhatIsMissingOrDoesNotFit) {
    auto archive = bookworm();
    EXPECT_EQ(plan_of("bash", archive).error().kind, ErrorKind::refused);
    EXPECT_EQ(plan_of("linux-image-9", archive).error().kind, ErrorKind::not_found);

    archive.add("linux-headers-6.1.0-47-cloud-amd64", "6.1.999", "");
    EXPECT_THAT(plan_of("linux-image-6.1.0-47-cloud-amd64", archive).error().message, HasSubstr("6.1.999"));
    archive.drop("linux-headers-6.1.0-47-cloud-amd64");
    EXPECT_THAT(plan_of("linux-image-6.1.0-47-cloud-amd64", archive).error().message,
                HasSubstr("linux-headers-6.1.0-47-cloud-amd64"));
}

}  // namespace
}  // namespace nap::kernel
