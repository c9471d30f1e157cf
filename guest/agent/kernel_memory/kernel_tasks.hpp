// SPDX-License-Identifier: GPL-2.0-only
// Kernel tasks: the task_struct of each thread, found in the kernel's list of processes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "agent/kernel_memory/running_kernel.hpp"

namespace nap::agent {

// A copy of a task_struct, taken with one read.
class KernelTask {
  public:
    KernelTask(const RunningKernel& kernel, std::uint64_t address, std::string bytes)
        : kernel_(&kernel), address_(address), bytes_(std::move(bytes)) {}

    static Result<KernelTask> read(const RunningKernel& kernel, std::uint64_t address);

    [[nodiscard]] std::uint64_t address() const { return address_; }
    template <class T = std::uint64_t>
    [[nodiscard]] Result<T> field(std::string_view name) const {
        NAP_TRY(const std::uint64_t offset, kernel_->fields().offset("task_struct", name));
        T value{};
        if (offset > bytes_.size() - sizeof value)
            return fail(ErrorKind::protocol, "a field beyond the end of its task_struct");
        bytes_.copy(reinterpret_cast<char*>(&value), sizeof value, offset);
        return value;
    }

    // All threads of its process, itself the first.
    [[nodiscard]] Result<std::vector<KernelTask>> threads() const;

  private:
    const RunningKernel* kernel_;
    std::uint64_t address_;
    std::string bytes_;
};

// The first thread of each process, by its pid in the initial PID namespace.
Result<std::map<pid_t, KernelTask>> read_kernel_tasks(const RunningKernel& kernel);

// That of one process, which is found faster the next time.
Result<KernelTask> find_kernel_task(const RunningKernel& kernel, pid_t host_pid);

}  // namespace nap::agent
