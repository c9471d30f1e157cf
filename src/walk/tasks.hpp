// SPDX-License-Identifier: GPL-2.0-only
// Tasks: the processes of the userland, found in a kernel's list of tasks (init_task.tasks).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/units.hpp"
#include "walk/kernel_memory.hpp"
#include "walk/layout.hpp"

namespace nap::walk {

struct Task {
    std::int32_t pid = 0;       // in the PID namespace of the userland's init
    std::int32_t host_pid = 0;  // in the initial PID namespace
    std::string name;           // comm; what is not printable ASCII is replaced by '?'
    GuestPhysical page_tables;  // the top-level table
    std::uint64_t task = 0;     // of its first thread: where its task_struct lies, a kernel virtual address
    std::uint32_t level = 0;    // of the userland's PID namespace
};

struct Thread {
    std::int32_t tid = 0;    // in the PID namespace of the userland's init
    std::uint64_t task = 0;  // its task_struct
};

struct Member {
    std::uint64_t task = 0;  // where its first thread's task_struct lies
    std::int32_t pid = 0, host_pid = 0;
    std::uint32_t level = 0;  // of the userland's PID namespace
};

// The processes in the PID namespace of the process `init_host_pid` and in namespaces below, zombies too,
// ascending by pid. Error: there is no such init (not_found).
Result<std::vector<Member>> find_members(const KernelMemory& memory, const KernelLayout& layout,
                                         std::uint64_t init_task, std::int32_t init_host_pid,
                                         std::uint64_t limit);

// Of a thread, as it knows itself.
Result<std::int32_t> innermost_pid(const KernelMemory& memory, const KernelLayout& layout,
                                   std::uint64_t task);

// The processes in the PID namespace of the process `init_host_pid` and in namespaces below that have memory
// (zombies have none), ascending by pid. Errors: there is no such init (not_found); a process whose first
// thread has exited while others run, or two that share their memory (unsupported).
Result<std::vector<Task>> find_tasks(const KernelMemory& memory, const KernelLayout& layout,
                                     std::uint64_t init_task, std::int32_t init_host_pid,
                                     std::uint64_t limit);

// The threads of a process, its first one included; without those that are being reaped.
Result<std::vector<Thread>> find_threads(const KernelMemory& memory, const KernelLayout& layout,
                                         const Task& process, std::uint64_t limit);

}  // namespace nap::walk
