// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/processes/control_groups.hpp"

#include <algorithm>
#include <string>

#include "agent/calls/paths.hpp"
#include "agent/userland/groups.hpp"
#include "base/fd.hpp"

namespace nap::agent {

bool outside_of_userland(std::string_view membership) {
    while (!membership.empty()) {
        const std::string_view line = membership.substr(0, membership.find('\n'));
        membership.remove_prefix(std::min(membership.size(), line.size() + 1));
        constexpr std::string_view second_version = "0::";
        if (!line.starts_with(second_version)) {
            if (!line.ends_with(":/")) return true;
            continue;
        }
        const std::string_view group = line.substr(second_version.size());
        if (group != kUserlandGroup && !group.starts_with(std::string(kUserlandGroup) + "/")) return true;
    }
    return false;
}

void find_in_control_groups(const Task& task, Obstacles& obstacles) {
    auto membership = read_file("/proc/" + std::to_string(task.host_pid) + "/cgroup");
    if (membership && outside_of_userland(*membership))
        add(obstacles, task,
            {"a control group that is not below the machine's own",
             "Only groups below that of the machine's init, of control groups version 2, are carried over.",
             "Move the process into the control group of the machine's init."});
}

void find_threaded_groups(Obstacles& obstacles) {
    for (const auto& group : groups_below(kCgroup)) {
        auto type = read_file(group / "cgroup.type");
        if (!type || (!type->starts_with("threaded") && !type->starts_with("domain threaded"))) continue;
        obstacles.push_back({0,
                             "",
                             {"the threaded control group " + group.lexically_relative(kRootCgroup).string(),
                              "Threads of one process in several groups are not carried over yet.",
                              "Remove the group (rmdir)."}});
        return;
    }
}

}  // namespace nap::agent
