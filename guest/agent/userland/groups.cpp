// SPDX-License-Identifier: GPL-2.0-only
#include "agent/userland/groups.hpp"

#include <dirent.h>

#include <cstddef>
#include <memory>

namespace nap::agent {

namespace fs = std::filesystem;

std::vector<fs::path> groups_below(const fs::path& root) {
    std::vector<fs::path> found{root};
    for (std::size_t at = 0; at < found.size(); ++at) {
        // A group's folder has as many files as it has settings: not one of them is asked what it is.
        const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(found[at].c_str()), ::closedir);
        if (!folder) continue;
        while (const dirent* entry = ::readdir(folder.get()))
            if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
                found.push_back(found[at] / entry->d_name);
    }
    found.erase(found.begin());
    return found;
}

}  // namespace nap::agent
