// SPDX-License-Identifier: GPL-2.0-only
// Carrying the kernel's settings: nearly all goes over before the freeze, while both kernels run. Afterwards
// only what was written meanwhile is read, and put in force, again.
#pragma once

#include "agent/kernel_settings/baseline.hpp"
#include "agent/kernel_settings/watch.hpp"
#include "channel/link.hpp"

namespace nap::agent {

struct Agent;

// Older kernel: what was read, and who has written since.
struct SettingsSeen {
    std::vector<std::string> paths;  // of all settings
    Values now;
    SettingsWatch watch;
};

// Newer kernel: what was put in force for the machine, and, by path, why some could not be.
struct SettingsPut {
    Values set;
    std::map<std::string, std::string> refused;
};

// Older kernel. Replies settings {path: value}: what the machine's programs have set.
Result<channel::Json> settings(Agent& agent, const channel::Json& params, channel::Call& call);
// Newer kernel, after `prepare`: params as that reply.
Result<channel::Json> put_settings(Agent& agent, const channel::Json& params, channel::Call& call);

// What the machine's programs have set until now; they are frozen.
Result<Values> settings_now(Agent& agent, const Task& init);

// Before the processes are recreated: those of `put_settings`, or, where others were set meanwhile, those.
Result<> put_settings_before_tasks(Agent& agent, const Values& set);
// The others, within the namespaces of the recreated `init`. Returns, by path, why some could not be set.
Result<std::map<std::string, std::string>> put_settings_after_tasks(Agent& agent, const Values& set,
                                                                    const Task& init);

// After the commit: those that had to wait until now. Returns, by path, why some could not be set.
Result<std::map<std::string, std::string>> put_settled_settings(Agent& agent);

// "net.core.somaxconn", as sysctl(8) has it; others by their path.
std::string setting_name(const std::string& path);

}  // namespace nap::agent
