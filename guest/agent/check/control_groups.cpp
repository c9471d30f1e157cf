// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/control_groups.hpp"

#include <string>

#include "base/fd.hpp"

namespace nap::agent {

void find_in_control_groups(const Task& task, const Task& init, Obstacles& obstacles) {
    auto own = read_file("/proc/" + std::to_string(task.host_pid) + "/cgroup");
    auto shared = read_file("/proc/" + std::to_string(init.host_pid) + "/cgroup");
    if (own && shared && *own != *shared)
        add(obstacles, task,
            {"a control group of its own",
             "Control groups made inside are not carried over yet, nor their limits.",
             "Move the process into the control group of the machine's init."});
}

}  // namespace nap::agent
