// SPDX-License-Identifier: GPL-2.0-only
#include "agent/address_spaces.hpp"

#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <map>
#include <string>

#include "base/fd.hpp"

namespace nap::agent {

namespace {

// Equal for processes that share their memory, and seldom for others: spares most of the comparisons.
std::string fingerprint(const Task& task) {
    auto memory = read_file("/proc/" + std::to_string(task.host_pid) + "/statm");
    if (!memory || memory->starts_with("0 ")) return "";
    return memory->substr(0, memory->find(' '));
}

bool same_memory(const Task& one, const Task& other) {
    return ::syscall(SYS_kcmp, one.host_pid, other.host_pid, KCMP_VM, 0, 0) == 0;
}

}  // namespace

void find_shared_address_spaces(const std::vector<Task>& tasks, Obstacles& obstacles) {
    std::map<std::string, std::vector<const Task*>> groups;
    for (const Task& task : tasks)
        if (const std::string mark = fingerprint(task); !mark.empty()) groups[mark].push_back(&task);
    for (const auto& [mark, group] : groups)
        for (std::size_t one = 0; one < group.size(); ++one)
            for (std::size_t other = one + 1; other < group.size(); ++other)
                if (same_memory(*group[one], *group[other]))
                    obstacles.push_back(
                        {group[other]->pid, group[other]->name,
                         "memory shared with pid " + std::to_string(group[one]->pid) +
                             " as a whole (CLONE_VM)",
                         "CRIU carries over threads, but not processes that share all memory.",
                         "A vfork(2) under way passes: try again; else stop the program."});
}

}  // namespace nap::agent
