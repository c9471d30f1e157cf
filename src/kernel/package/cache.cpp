// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/package/cache.hpp"

#include <algorithm>
#include <map>
#include <ranges>
#include <string>

namespace nap::kernel {

namespace fs = std::filesystem;

void prune_cache(const fs::path& cache, const std::vector<Digests>& inputs) {
    const auto in_use = [&](const std::string& digest) {
        return std::ranges::any_of(inputs, [&](const Digests& kernel) {
            return std::ranges::find(kernel | std::views::values, digest) !=
                   (kernel | std::views::values).end();
        });
    };
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(cache, ignored)) {
        if (entry.path().extension() != ".deb") continue;
        const auto digests = digest_files({{"package", entry.path()}});
        if (digests && !in_use(digests->at("package"))) fs::remove(entry.path(), ignored);
    }
}

}  // namespace nap::kernel
