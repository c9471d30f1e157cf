// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/image/modules.hpp"

#include <gmock/gmock.h>

#include "tests/kernel/fixtures.hpp"

namespace nap::kernel {
namespace {

using testing::Compression;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::module_file;

class Modules : public ::testing::Test {
  protected:
    void SetUp() override { testing::write(directory() / "modules.builtin", "kernel/fs/ext4/ext4.ko\n"); }
    [[nodiscard]] const std::filesystem::path& directory() const { return temporary_.path(); }
    void add(const std::string& file, const std::string& depends) const {
        testing::write(directory() / "kernel" / file, module_file(depends));
    }
    [[nodiscard]] Result<std::vector<std::string>> order(const std::vector<WantedModule>& wanted) const {
        NAP_TRY(auto modules, modules_in_load_order(directory(), wanted));
        std::vector<std::string> names;
        for (const auto& module : modules) names.push_back(module.name);
        return names;
    }

  private:
    testing::TemporaryDirectory temporary_;
};

TEST_F(Modules, DependenciesComeFirstAndOnce) {
    add("drivers/virtio/virtio.ko", "");
    add("drivers/virtio/virtio_ring.ko", "");
    add("drivers/virtio/virtio-pci.ko", "virtio,virtio-ring");
    add("drivers/block/virtio_blk.ko", "virtio_ring,virtio");
    EXPECT_THAT(order({{"virtio_blk", true}, {"virtio_pci", true}}).value(),
                ElementsAre("virtio_ring", "virtio", "virtio_blk", "virtio_pci"));
}

TEST_F(Modules, BuiltInOnesAreSkippedAsModulesAndAsDependencies) {
    add("x.ko", "ext4");
    EXPECT_THAT(order({{"ext4", true}, {"x", true}}).value(), ElementsAre("x"));
}

TEST_F(Modules, AMissingOneIsAnErrorOnlyWhereRequired) {
    add("x.ko", "");
    EXPECT_THAT(order({{"nothing", false}, {"x", true}}).value(), ElementsAre("x"));
    auto missing = order({{"nothing", true}});
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().kind, ErrorKind::refused);
    EXPECT_THAT(missing.error().message, HasSubstr("nothing"));
}

TEST_F(Modules, AMissingDependencyNamesBoth) {
    add("x.ko", "gone");
    auto missing = order({{"x", true}});
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error().message, HasSubstr("gone, needed by x"));
}

TEST_F(Modules, ACircleEnds) {
    add("a.ko", "b");
    add("b.ko", "a");
    EXPECT_THAT(order({{"a", true}}).value(), ElementsAre("b", "a"));
}

TEST_F(Modules, CompressedOnesComeOutPlain) {
    const auto content = module_file("");
    testing::write(directory() / "kernel/a.ko.xz", testing::compressed(content, Compression::xz));
    testing::write(directory() / "kernel/b.ko.zst", testing::compressed(content, Compression::zstd));
    testing::write(directory() / "kernel/c.ko.gz", testing::compressed(content, Compression::gzip));
    auto modules =
        modules_in_load_order(directory(), std::vector<WantedModule>{{"a", true}, {"b", true}, {"c", true}});
    ASSERT_TRUE(modules) << modules.error().message;
    ASSERT_EQ(modules->size(), 3U);
    for (const auto& module : *modules) EXPECT_EQ(module.content, content);
}

TEST_F(Modules, AFileThatIsNoModuleIsAnErrorThatNamesIt) {
    testing::write(directory() / "kernel/a.ko", "not ELF");
    auto order_of_a = order({{"a", true}});
    ASSERT_FALSE(order_of_a);
    EXPECT_THAT(order_of_a.error().message, HasSubstr("kernel/a.ko"));
}

TEST_F(Modules, WithoutTheListOfBuiltInsNothingIsGuessed) {
    std::filesystem::remove(directory() / "modules.builtin");
    EXPECT_FALSE(order({}));
}

TEST(ModuleInfo, GivesTheValueOfAKey) {
    EXPECT_EQ(module_info(module_file("a,b", "6.1.0 SMP"), "vermagic").value(), "6.1.0 SMP");
    EXPECT_EQ(module_info(module_file("a,b"), "depends").value(), "a,b");
    EXPECT_FALSE(module_info(module_file(""), "depend"));
}

}  // namespace
}  // namespace nap::kernel
