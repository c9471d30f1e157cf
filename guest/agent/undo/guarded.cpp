// SPDX-License-Identifier: GPL-2.0-only
#include "agent/undo/guarded.hpp"

#include <sys/ptrace.h>
#include <sys/wait.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "base/fd.hpp"

namespace nap::agent {

namespace {

constexpr int kExitStop = SIGTRAP | (PTRACE_EVENT_EXIT << 8);

// Kills a process when its time is up; the destructor calls that off.
class Deadline {
  public:
    Deadline(const Process& process, std::chrono::milliseconds limit)
        : thread_([this, &process, limit](const std::stop_token& stop) {
              std::unique_lock lock(mutex_);
              if (changed_.wait_for(lock, stop, limit, [&] { return stop.stop_requested(); })) return;
              if (stop.stop_requested()) return;
              passed_ = true;
              process.signal(SIGKILL);
          }) {}
    [[nodiscard]] bool passed() const { return passed_; }

  private:
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::atomic<bool> passed_ = false;
    std::jthread thread_;  // last: it uses the others
};

Result<> trace_exit(pid_t pid) {
    if (::ptrace(PTRACE_SEIZE, pid, nullptr, PTRACE_O_TRACEEXIT) == 0) return {};
    return fail_errno("cannot guard CRIU (pid " + std::to_string(pid) + ")");
}

// Passes on signals until the process is about to end. False: it is gone.
bool wait_for_exit_stop(pid_t pid) {
    for (;;) {
        int status = 0;
        const pid_t waited = ::waitpid(pid, &status, __WALL);
        if (waited < 0 && errno == EINTR) continue;
        if (waited != pid || !WIFSTOPPED(status)) return false;
        if (status >> 8 == kExitStop) return true;
        const bool event = status >> 16 != 0;
        ::ptrace(PTRACE_CONT, pid, nullptr, event ? 0 : WSTOPSIG(status));
    }
}

// Nobody else does; they may hold descriptors of the userland.
void kill_children(pid_t pid) {
    const std::string tasks = "/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children";
    auto children = read_file(tasks);
    if (!children) return;
    for (std::size_t at = 0; at < children->size();) {
        const pid_t child = std::atoi(children->c_str() + at);
        if (child > 0) ::kill(child, SIGKILL);
        const auto next = children->find(' ', at);
        if (next == std::string::npos) break;
        at = next + 1;
    }
}

void at_exit_stop(pid_t pid, const std::function<void()>& at_exit) {
    at_exit();
    kill_children(pid);
}

}  // namespace

Result<GuardedEnd> run_guarded(const Command& command, UndoJournal& journal, std::chrono::milliseconds limit,
                               const std::function<void()>& at_exit) {
    NAP_TRY(Process process, Process::start(command));
    NAP_CHECK(trace_exit(process.pid()));
    journal.guarded_by_us(process.pid());
    const Deadline deadline(process, limit);
    if (wait_for_exit_stop(process.pid())) {
        at_exit_stop(process.pid(), at_exit);
        ::ptrace(PTRACE_DETACH, process.pid(), nullptr, nullptr);
    }
    std::optional<int> status;
    while (!status) status = process.wait(std::chrono::hours(1));
    return GuardedEnd{*status, deadline.passed()};
}

Result<> end_guarded(pid_t criu, const std::function<void()>& at_exit) {
    const std::string proc = "/proc/" + std::to_string(criu);
    auto name = read_file(proc + "/comm");
    if (!name || *name != "criu\n") return {};
    NAP_CHECK(trace_exit(criu));
    ::kill(criu, SIGKILL);
    if (!wait_for_exit_stop(criu)) return {};
    at_exit_stop(criu, at_exit);
    ::ptrace(PTRACE_CONT, criu, nullptr, nullptr);
    (void)wait_for_exit_stop(criu);  // it ends: its tasks are let go
    return {};
}

}  // namespace nap::agent
