// SPDX-License-Identifier: GPL-2.0-only
// Watch: which settings the machine's programs write while it lasts. A BPF program sees every write below
// /proc/sys, inotify the others.
#pragma once

#include <string>
#include <vector>

#include "agent/files/folder_watch.hpp"
#include "base/fd.hpp"

namespace nap::agent {

class SettingsWatch {
  public:
    // `paths`: of all settings.
    static Result<SettingsWatch> start(const std::vector<std::string>& paths);

    // Of `paths`, those that may have changed since the start; of those not in /proc/sys, since
    // it was asked before.
    [[nodiscard]] Result<std::vector<std::string>> changed(const std::vector<std::string>& paths);

  private:
    SettingsWatch(UniqueFd written, UniqueFd link, FolderWatch others)
        : written_(std::move(written)), link_(std::move(link)), others_(std::move(others)) {}
    UniqueFd written_;    // BPF map: names below /proc/sys
    UniqueFd link_;       // of the program to the userland's cgroup
    FolderWatch others_;  // with a slash at their ends
};

}  // namespace nap::agent
