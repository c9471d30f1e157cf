// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/control_groups.hpp"

#include <string>

#include "base/fd.hpp"

namespace nap::agent {

std::string control_groups_of(const Task& task) {
    return read_file("/proc/" + std::to_string(task.host_pid) + "/cgroup").value_or("");
}

void find_in_control_groups(const Task& task, const std::string& shared, Obstacles& obstacles) {
    const std::string own = control_groups_of(task);
    if (!own.empty() && !shared.empty() && own != shared)
        add(obstacles, task,
            {"a control group of its own",
             "Control groups made inside are not carried over yet, nor their limits.",
             "Move the process into the control group of the machine's init."});
}

}  // namespace nap::agent
