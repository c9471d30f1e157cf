// SPDX-License-Identifier: GPL-2.0-only
// A tree that never rests: a child forks grandchildren, which exec or make threads; every exit status must
// arrive.
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>
#include <string>
#include <thread>

#include "guest/harness.hpp"
#include "worker.hpp"

namespace soak {
namespace {

constexpr int kFailed = 99;  // no status that is asked for

pid_t fork_to(const std::function<int()>& body) {
    const auto pid = static_cast<pid_t>(guest::check(fork(), "fork"));
    if (pid != 0) return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
        _exit(body());
    } catch (const std::exception&) {
        _exit(kFailed);
    } catch (const guest::Failure&) {
        _exit(kFailed);
    }
}

void require_exit(pid_t pid, int expected, const char* who) {
    int status = 0;
    pid_t got = -1;
    do got = waitpid(pid, &status, 0);
    while (got < 0 && errno == EINTR);
    guest::check(got, std::string("wait for the ") + who);
    guest::require(WIFEXITED(status) && WEXITSTATUS(status) == expected, "the ", who, ", process ", pid,
                   ", should exit with ", expected, "; its wait status is ", status);
}

// busybox exits with what it is told.
int exec_exit(int status) {
    const std::string command = "exit " + std::to_string(status);
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    return kFailed;
}

int thread_exit(int status) {
    int got = kFailed;
    std::thread([&] { got = status; }).join();
    return got;
}

// The child: two grandchildren at once, one of each sort.
int child(int number) {
    const int status = number % 64;
    const auto executed = fork_to([&] { return exec_exit(status); });
    const auto threaded = fork_to([&] { return thread_exit(status + 1); });
    require_exit(executed, status, "grandchild that execs");
    require_exit(threaded, status + 1, "grandchild with a thread");
    return status + 2;
}

class Forks : public Worker {
  public:
    void round() override {
        const int number = static_cast<int>(forks_ % 1'000'003);
        require_exit(fork_to([&] { return child(number); }), number % 64 + 2, "child");
        forks_ += 3;
    }
    [[nodiscard]] std::uint64_t done() const override { return forks_; }

  private:
    std::uint64_t forks_ = 0;
};

}  // namespace

std::unique_ptr<Worker> make_forks() {
    return std::make_unique<Forks>();
}

}  // namespace soak
