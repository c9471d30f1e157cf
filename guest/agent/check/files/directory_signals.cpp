// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/files/directory_signals.hpp"

#include <set>

#include "agent/calls/log.hpp"
#include "agent/kernel_memory/kernel_tasks.hpp"

namespace nap::agent {

namespace {

constexpr int kLimit = 1 << 16;

// The tables of open files of those who are told.
Result<std::set<std::uint64_t>> read_owners(const RunningKernel& kernel) {
    NAP_TRY(const auto group_at, kernel.symbol("dnotify_group"));
    NAP_TRY(const auto group, kernel.value<std::uint64_t>(group_at));
    NAP_TRY(const auto list, kernel.fields().offset("fsnotify_group", "marks_list"));
    NAP_TRY(const auto link, kernel.fields().offset("fsnotify_mark", "g_list"));
    NAP_TRY(const auto mark, kernel.fields().offset("dnotify_mark", "fsn_mark"));
    std::set<std::uint64_t> owners;
    NAP_TRY(std::uint64_t at, kernel.value<std::uint64_t>(group + list));
    for (int marks = 0; at != group + list && marks < kLimit; ++marks) {
        NAP_TRY(std::uint64_t told, kernel.field(at - link - mark, "dnotify_mark", "dn"));
        for (int i = 0; told != 0 && i < kLimit; ++i) {
            NAP_TRY(const auto owner, kernel.field(told, "dnotify_struct", "dn_owner"));
            owners.insert(owner);
            NAP_TRY(told, kernel.field(told, "dnotify_struct", "dn_next"));
        }
        NAP_TRY(at, kernel.value<std::uint64_t>(at));
    }
    return owners;
}

Result<> look(const RunningKernel& kernel, const std::vector<Task>& tasks, Obstacles& obstacles) {
    NAP_TRY(const auto owners, read_owners(kernel));
    if (owners.empty()) return {};
    NAP_TRY(const auto running, read_kernel_tasks(kernel));
    for (const Task& task : tasks) {
        const auto process = running.find(task.host_pid);
        if (process == running.end()) continue;
        NAP_TRY(const auto files, process->second.field("files"));
        if (owners.contains(files))
            add(obstacles, task,
                {"signals for changes in a directory (fcntl F_NOTIFY)",
                 "The kernel does not tell of which directory.", "Let the program use inotify instead."});
    }
    return {};
}

}  // namespace

void find_directory_signals(const RunningKernel& kernel, const std::vector<Task>& tasks,
                            Obstacles& obstacles) {
    if (!kernel.symbol("dnotify_group")) return;  // a kernel without
    if (auto looked = look(kernel, tasks, obstacles); !looked)
        log("cannot look for signals of directories: " + looked.error().message);
}

}  // namespace nap::agent
