// SPDX-License-Identifier: GPL-2.0-only
// Values: the kernel's settings by path, as text. They are read and written within the namespaces whose
// settings they are, by a child of the agent.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/userland/tasks.hpp"
#include "base/error.hpp"
#include "channel/json.hpp"

namespace nap::agent {

// Those of disks are named by serial instead of name: /sys/block/SERIAL/queue/scheduler.
using Values = std::map<std::string, std::string>;

// Runs `work` in a child, in the machine's network namespace and in the IPC and PID namespaces of `init`, or,
// without, in a fresh IPC namespace.
Result<channel::Json> within_machine(const std::optional<Task>& init,
                                     const std::function<Result<channel::Json>()>& work);

// Within the machine: the values in force. A setting that is not there, or cannot be read, is left out.
Values read_values(const std::vector<std::string>& paths);
Result<> write_value(const std::string& path, const std::string& value);

std::vector<std::string> paths_of(const Values& values);
Values values_from(const channel::Json& json);

// The machine's own view of /sys, which has its network interfaces.
inline constexpr const char* kMachineSys = "/run/nap/sys";

}  // namespace nap::agent
