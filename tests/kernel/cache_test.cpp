// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/package/cache.hpp"

#include <gmock/gmock.h>

#include "tests/kernel/fixtures.hpp"

namespace nap::kernel {
namespace {

namespace fs = std::filesystem;
using ::testing::UnorderedElementsAre;

std::vector<std::string> names_in(const fs::path& directory) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory)) names.push_back(entry.path().filename());
    return names;
}

TEST(PruneCache, KeepsWhatAKernelWasMadeFrom) {
    const testing::TemporaryDirectory temporary;
    const auto& cache = temporary.path();
    for (const char* name : {"image-1.deb", "image-2.deb", "kbuild.deb", "gone.deb", "unfinished.partial"})
        testing::write(cache / name, name);
    const auto made_from = [&](const std::string& image) {
        return digest_files({{"image", cache / image}, {"kbuild", cache / "kbuild.deb"}}).value();
    };
    const std::vector kernels{made_from("image-1.deb"), made_from("image-2.deb")};
    prune_cache(cache, kernels);
    EXPECT_THAT(names_in(cache),
                UnorderedElementsAre("image-1.deb", "image-2.deb", "kbuild.deb", "unfinished.partial"));
    prune_cache(cache, {kernels[1]});
    EXPECT_THAT(names_in(cache), UnorderedElementsAre("image-2.deb", "kbuild.deb", "unfinished.partial"));
}

TEST(PruneCache, OneThatIsNotThereIsNoMatter) {
    prune_cache("/nonexistent/cache", {});
}

}  // namespace
}  // namespace nap::kernel
