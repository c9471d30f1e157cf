// SPDX-License-Identifier: GPL-2.0-only
// Agent: what its calls share. All else about the userland is asked of the kernel each time, so an agent that
// had to be started again knows as much as before.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/carried/groups_seen.hpp"
#include "agent/kernel_settings/carry.hpp"
#include "agent/machine/settings.hpp"
#include "agent/userland/bpf_refusal.hpp"

namespace nap::agent {

struct Agent {
    std::mutex lifecycle;  // held by calls that start, freeze, dump, restore or resume the userland
    std::atomic<int> exec_sessions = 0;                // processes of `exec` that have not ended
    Settings quiet{"/run/nap/quiet"};                  // what `quiet` turned off
    Settings huge_pages{"/run/nap/huge-pages"};        // what `prepare` turned off, until `settle`
    Settings settled{"/run/nap/settled"};              // what the machine gets back last, in `settle`
    Settings out_of_memory{"/run/nap/out-of-memory"};  // what `prepare` changed, until `resume`
    std::optional<BpfRefusal> bpf_refusal;             // to the machine's init
    std::vector<std::string> modules_brought;          // newer: loaded for the machine
    std::optional<GroupsSeen> groups_seen;             // older: while it is quiet
    std::optional<SettingsSeen> settings_seen;         // older: since `settings`, until it is quiet no more
    std::optional<SettingsPut> settings_put;           // newer: since `put_settings`
};

}  // namespace nap::agent
