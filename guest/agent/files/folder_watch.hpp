// SPDX-License-Identifier: GPL-2.0-only
// Folder watch: in which folders programs have written, made, removed or given away something while it lasts.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/fd.hpp"

namespace nap::agent {

// The names of the entries, by folder as it was added; "" is the folder itself.
using ChangedFolders = std::map<std::string, std::set<std::string>>;

class FolderWatch {
  public:
    FolderWatch();

    // Of the folder's entries and of itself. One that is not there is let pass.
    void add(const std::string& folder);

    // Since it was asked before, also by the agent itself. None: anything may have been.
    [[nodiscard]] std::optional<ChangedFolders> changed();

  private:
    UniqueFd events_;                   // inotify; none: not all could be watched
    std::map<int, std::string> names_;  // by watch descriptor
};

}  // namespace nap::agent
