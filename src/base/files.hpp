// SPDX-License-Identifier: GPL-2.0-only
// Files: a tree of files of a machine, wherever it is read from: its disk image, or the machine while it
// runs.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace nap {

// Paths are the machine's own: absolute, symlinks are followed within its tree.
class Files {
  public:
    virtual ~Files() = default;
    // The names in a folder, in no order; not_found where there is none.
    virtual Result<std::vector<std::string>> list(const std::string& folder) = 0;
    // A regular file of at most `limit` bytes; not_found where there is none.
    virtual Result<std::string> read(const std::string& path, std::size_t limit) = 0;
};

}  // namespace nap
