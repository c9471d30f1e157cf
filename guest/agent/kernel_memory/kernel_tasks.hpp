// SPDX-License-Identifier: GPL-2.0-only
// Kernel tasks: the task_struct of each thread, found in the kernel's list of processes.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "agent/kernel_memory/struct_copy.hpp"

namespace nap::agent {

class KernelTask {
  public:
    static Result<KernelTask> read(const RunningKernel& kernel, std::uint64_t address);

    [[nodiscard]] std::uint64_t address() const { return address_; }
    template <class T = std::uint64_t>
    [[nodiscard]] Result<T> field(std::string_view name) const {
        return copy_.field<T>(name);
    }

    // All threads of its process, itself the first.
    [[nodiscard]] Result<std::vector<KernelTask>> threads() const;

  private:
    KernelTask(std::uint64_t address, StructCopy copy) : address_(address), copy_(std::move(copy)) {}
    std::uint64_t address_;
    StructCopy copy_;
};

// The first thread of each process, by its pid in the initial PID namespace.
Result<std::map<pid_t, KernelTask>> read_kernel_tasks(const RunningKernel& kernel);

// That of one process, which is found faster the next time.
Result<KernelTask> find_kernel_task(const RunningKernel& kernel, pid_t host_pid);

// Of a thread's struct pid: its number in the userland's PID namespace, the first below the initial one; 0:
// of no process of it.
Result<std::int32_t> number_inside(const RunningKernel& kernel, std::uint64_t pid);

}  // namespace nap::agent
