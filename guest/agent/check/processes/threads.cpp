// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/processes/threads.hpp"

#include <linux/kcmp.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "agent/check/processes/own_namespaces.hpp"
#include "base/fd.hpp"
#include "base/number.hpp"

namespace nap::agent {

namespace fs = std::filesystem;

namespace {

// Certain only where kcmp(2) says so: -1 where the thread has ended.
bool differs(pid_t one, pid_t other, int what) {
    return ::syscall(SYS_kcmp, one, other, what, 0, 0) > 0;
}

pid_t tracer_of(const Task& task, pid_t host_tid) {
    if (host_tid == task.host_pid) return task.tracer;
    auto status = read_file("/proc/" + std::to_string(host_tid) + "/status");
    const auto thread = status ? parse_status(*status) : std::nullopt;
    return thread ? thread->tracer : 0;
}

void find_in_thread(const Task& task, pid_t host_tid, Obstacles& obstacles) {
    const auto thread = static_cast<std::uint64_t>(host_tid);
    if (const int policy = ::sched_getscheduler(host_tid); policy >= 0)
        if (auto finding = judge_scheduling(policy)) add(obstacles, task, std::move(*finding), thread);
    if (tracer_of(task, host_tid) != 0)
        add(obstacles, task,
            {"a debugger or tracer attached", "A process can be traced by one other only, and CRIU needs to.",
             "Detach it (strace, gdb) before the update."},
            thread);
    if (host_tid == task.host_pid) return;
    find_threads_namespaces(task, host_tid, obstacles);
    const char* const why = "Threads are carried over as sharing these with their process.";
    const char* const advice = "Let a process of its own do that work, or stop the program.";
    if (differs(task.host_pid, host_tid, KCMP_FILES))
        add(obstacles, task, {"a thread with open files of its own (unshare(2), CLONE_FILES)", why, advice},
            thread);
    if (differs(task.host_pid, host_tid, KCMP_FS))
        add(obstacles, task,
            {"a thread with a working directory of its own (unshare(2), CLONE_FS)", why, advice}, thread);
}

}  // namespace

std::optional<Finding> judge_scheduling(int policy) {
    switch (policy & ~SCHED_RESET_ON_FORK) {
        case SCHED_OTHER:
        case SCHED_FIFO:
        case SCHED_RR:
        case SCHED_BATCH:
        case SCHED_IDLE:
            return std::nullopt;
        default:
            return Finding{"the scheduling policy " + std::to_string(policy & ~SCHED_RESET_ON_FORK) +
                               " (SCHED_DEADLINE is 6)",
                           "CRIU knows the ordinary and the two real-time policies only.",
                           "Give the program another one: chrt --rr --pid 1 PID."};
    }
}

void find_in_threads(const Task& task, Obstacles& obstacles) {
    if (task.state == 'Z') {
        if (task.threads > 1)
            add(obstacles, task,
                {"threads that outlive their process's first thread", "CRIU cannot carry them over.",
                 "Stop the program; let its first thread wait for the others instead of ending "
                 "(pthread_exit)."});
        return;
    }
    if (task.threads == 1) return find_in_thread(task, task.host_pid, obstacles);
    std::error_code error;
    for (const auto& entry :
         fs::directory_iterator("/proc/" + std::to_string(task.host_pid) + "/task", error))
        find_in_thread(task, leading_number(entry.path().filename().native()), obstacles);
}

}  // namespace nap::agent
