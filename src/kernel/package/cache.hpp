// SPDX-License-Identifier: GPL-2.0-only
// LIB/cache: packages as apt downloaded them. Kernels share some, so they stay while a kernel made from them
// does.
#pragma once

#include <filesystem>
#include <vector>

#include "kernel/package/digest.hpp"

namespace nap::kernel {

// Removes the packages that none of `inputs` names by its digest. One that cannot be read or removed stays
// until the next time: it costs room, nothing else.
void prune_cache(const std::filesystem::path& cache, const std::vector<Digests>& inputs);

}  // namespace nap::kernel
