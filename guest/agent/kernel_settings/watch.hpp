// SPDX-License-Identifier: GPL-2.0-only
// Watch: which settings the machine's programs write while it lasts. A BPF program sees every write below
// /proc/sys, inotify the others.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

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
    struct Folders {
        UniqueFd events;                   // inotify; none: nobody could watch
        std::map<int, std::string> names;  // by watch descriptor
    };
    static Folders watch_others(const std::vector<std::string>& paths);
    SettingsWatch(UniqueFd written, UniqueFd link, Folders others)
        : written_(std::move(written)), link_(std::move(link)), others_(std::move(others)) {}
    // With a slash at their ends; also of what the agent itself has written. None: anything may have been.
    std::optional<std::set<std::string>> folders_written();
    UniqueFd written_;  // BPF map: names below /proc/sys
    UniqueFd link_;     // of the program to the userland's cgroup
    Folders others_;
};

}  // namespace nap::agent
