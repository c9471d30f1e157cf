// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/processes/apart_namespaces.hpp"

#include <algorithm>
#include <utility>

#include "agent/calls/log.hpp"
#include "agent/kernel_memory/apart_namespaces.hpp"

namespace nap::agent {

namespace {

// At the process that has one of these threads as its first.
void add_at(const std::vector<ApartMember>& members, const std::vector<Task>& tasks, Finding finding,
            Obstacles& obstacles) {
    const auto task = std::ranges::find_if(tasks, [&](const Task& each) {
        return std::ranges::any_of(members,
                                   [&](const ApartMember& member) { return member.tid == each.pid; });
    });
    if (task != tasks.end()) add(obstacles, *task, std::move(finding));
}

void find_nested(const RunningKernel& kernel, const ApartNamespace& apart, const std::vector<Task>& tasks,
                 Obstacles& obstacles) {
    const auto seen = see_user_namespace(kernel, apart.address);
    if (!seen) return log(seen.error().message);
    if (seen->level != 1)
        add_at(apart.members, tasks,
               {"a user namespace within another", "Only those just below the machine's are carried over.",
                "Stop the sandbox or container."},
               obstacles);
}

}  // namespace

void find_in_apart_namespaces(const RunningKernel& kernel, const Task& init, const std::vector<Task>& tasks,
                              Obstacles& obstacles) {
    const auto search = ApartSearch::get();
    if (!search) return log(search.error().message);
    const auto apart = (*search)->run(init.host_pid);
    if (!apart) return log(apart.error().message);
    for (const ApartNamespace& each : apart->user) find_nested(kernel, each, tasks, obstacles);
    for (const ApartMember& each : apart->in_owned)
        add_at({each}, tasks,
               {"a namespace that belongs to a user namespace of its own",
                "It would belong to the machine's afterwards.", "Stop the container."},
               obstacles);
}

}  // namespace nap::agent
