// SPDX-License-Identifier: GPL-2.0-only
// Child processes: started, waited for by pidfd, ended by id.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/fd.hpp"

namespace nap {

// Whom a program runs as, for good: it cannot gain rights by any program that it executes (no_new_privs).
struct Credentials {
    uid_t user;
    gid_t group;
    std::vector<gid_t> groups = {};  // supplementary
};

struct Command {
    std::vector<std::string> argv;  // argv[0] is looked up in PATH
    // (ours, number in the child). Of the others 0, 1 and 2 stay ours, the rest is closed.
    std::vector<std::pair<int, int>> descriptors = {};
    std::string working_directory = {};                   // empty: ours
    std::vector<std::string> environment_additions = {};  // "NAME=value"
    bool own_session = false;                             // setsid(): survives our terminal
    std::optional<Credentials> credentials = {};          // ours if absent
};

// A process that ends with us unless released: the destructor kills it (SIGKILL) and waits.
class Process {
  public:
    static Result<Process> start(const Command& command);
    // A process started by an earlier supervisor. `start_time` (field 22 of /proc/PID/stat) guards against
    // reused ids.
    static Result<Process> adopt(pid_t pid, std::uint64_t start_time);

    Process(Process&&) noexcept;
    Process& operator=(Process&&) noexcept;
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process();

    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] std::uint64_t start_time() const { return start_time_; }
    [[nodiscard]] bool running() const;
    [[nodiscard]] bool is_child() const { return child_; }
    void signal(int number) const;  // through the pidfd
    // The wait status (wait(2)) once it has ended, 0 where we are not the parent; nothing if the limit passed
    // first. From one thread at a time; running() and signal() from any.
    std::optional<int> wait(std::chrono::milliseconds limit);
    void kill_and_wait();  // SIGKILL; returns when it is gone
    void release();        // it may outlive us

  private:
    Process() = default;
    pid_t pid_ = -1;
    std::uint64_t start_time_ = 0;
    UniqueFd pidfd_;
    bool owned_ = true;
    bool child_ = false;
    std::optional<int> status_;  // once it was waited for
};

struct Output {
    int status;       // exit status; 128 + signal
    std::string out;  // standard output and standard error, the last 1 MiB
};

// Standard input is /dev/null unless the command names a descriptor for it; so for output and error, else
// captured. Runs to the end, or kills it at the limit (ErrorKind::timeout). A non-zero exit status is not an
// error here.
Result<Output> run(const Command& command, std::chrono::milliseconds limit);

// Field 22 of /proc/PID/stat, clock ticks after boot.
Result<std::uint64_t> process_start_time(pid_t pid);

}  // namespace nap
