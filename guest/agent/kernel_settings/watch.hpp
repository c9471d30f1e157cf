// SPDX-License-Identifier: GPL-2.0-only
// Watch: which settings the machine's programs write while it lasts. A BPF program sees every write below
// /proc/sys, inotify those in /sys.
#pragma once

#include <string>
#include <vector>

#include "base/fd.hpp"

namespace nap::agent {

class SettingsWatch {
  public:
    // `paths`: of all settings.
    static Result<SettingsWatch> start(const std::vector<std::string>& paths);

    // Of `paths`, those that may have changed since the start.
    [[nodiscard]] Result<std::vector<std::string>> changed(const std::vector<std::string>& paths) const;

  private:
    SettingsWatch(UniqueFd written, UniqueFd link, UniqueFd sys_events)
        : written_(std::move(written)), link_(std::move(link)), sys_events_(std::move(sys_events)) {}
    [[nodiscard]] bool sys_changed() const;
    UniqueFd written_;     // BPF map: names below /proc/sys
    UniqueFd link_;        // of the program to the userland's cgroup
    UniqueFd sys_events_;  // inotify; none: nobody could watch
};

}  // namespace nap::agent
