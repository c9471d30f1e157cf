// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/processes/shared_contexts.hpp"

#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>

#include "base/fd.hpp"

namespace nap::agent {

namespace {

// One that ends has nothing any more, and would seem to share that with others that end.
bool ends(const Task& task) {
    auto memory = read_file("/proc/" + std::to_string(task.host_pid) + "/statm");
    return task.state == 'Z' || task.state == 'X' || !memory || memory->starts_with("0 ");
}

// Tasks in the kernel's order of what they have, so that each is compared with a few others only.
class Sharers {
  public:
    explicit Sharers(int what) : what_(what) {}

    // The task that has the same, if one was here before.
    const Task* insert(const Task& task) {
        auto low = sorted_.begin(), high = sorted_.end();
        while (low != high) {
            const auto middle = low + (high - low) / 2;
            const long order = ::syscall(SYS_kcmp, task.host_pid, (*middle)->host_pid, what_, 0, 0);
            if (order == 0) return *middle;
            if (order < 0) return nullptr;  // one of them has ended
            (order == 1 ? high : low) = order == 1 ? middle : middle + 1;
        }
        sorted_.insert(low, &task);
        return nullptr;
    }

  private:
    int what_;
    std::vector<const Task*> sorted_;
};

}  // namespace

void find_shared_contexts(const std::vector<Task>& tasks, Obstacles& obstacles) {
    Sharers memory(KCMP_VM), directories(KCMP_FS);
    for (const Task& task : tasks) {
        if (ends(task)) continue;
        if (const Task* other = memory.insert(task))
            add(obstacles, task,
                {"memory shared with pid " + std::to_string(other->pid) + " as a whole (CLONE_VM)",
                 "CRIU carries over threads, but not processes that share all memory.",
                 "A vfork(2) under way passes: try again; else stop the program."},
                static_cast<std::uint64_t>(other->pid));
        if (const Task* other = directories.insert(task))
            add(obstacles, task,
                {"its working directory shared with pid " + std::to_string(other->pid) + " (CLONE_FS)",
                 "CRIU carries over threads, but not processes that share it.", "Stop the program."},
                static_cast<std::uint64_t>(other->pid));
    }
}

}  // namespace nap::agent
