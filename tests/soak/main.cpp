// SPDX-License-Identifier: GPL-2.0-only
// soak-work start|check|stop DIRECTORY: starts all workers as daemons, asks them, ends them; see README.md.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <ctime>
#include <exception>
#include <filesystem>
#include <iostream>

#include "guest/harness.hpp"
#include "status.hpp"
#include "worker.hpp"

namespace soak {
namespace {

constexpr int kPatienceMs = 300'000;

// CLOCK_MONOTONIC may lose a little to an update, but it never goes back.
class Clock {
  public:
    void require_forward() {
        timespec now{};
        guest::check(clock_gettime(CLOCK_MONOTONIC, &now), "clock_gettime");
        const std::int64_t nanoseconds = now.tv_sec * 1'000'000'000LL + now.tv_nsec;
        guest::require(nanoseconds >= last_, "CLOCK_MONOTONIC went back by ", last_ - nanoseconds, " ns");
        last_ = nanoseconds;
    }

  private:
    std::int64_t last_ = 0;
};

void work(const Kind& kind, const std::string& directory, Status& status) {
    const auto worker = kind.make();
    worker->set_up();
    for (Clock clock;; guest::sleep_ms(kind.pause_ms)) {
        worker->round();
        clock.require_forward();
        ++status.rounds;
        status.done = worker->done();
        write_status(directory, kind.name, status);
    }
}

// Never returns: works until killed, or until the first failure, which it keeps for whoever asks.
[[noreturn]] void serve(const Kind& kind, const std::string& directory) {
    setsid();
    close_range(0, ~0U, 0);
    if (open("/dev/null", O_RDWR) == 0 && dup(0) == 1) dup(0);
    prctl(PR_SET_NAME, (std::string("soak ") + kind.name).c_str());
    Status status{.pid = getpid(), .failure = {}};
    try {
        work(kind, directory, status);
    } catch (const guest::Failure& failure) {
        status.failure = failure.reason;
    } catch (const std::exception& error) {
        status.failure = error.what();
    }
    write_status(directory, kind.name, status);
    for (;;) pause();
}

Status status_with(const std::string& directory, const Kind& kind, std::uint64_t rounds) {
    for (int waited = 0; waited < kPatienceMs; waited += 50, guest::sleep_ms(50)) {
        std::error_code ignored;
        if (!std::filesystem::exists(directory + "/" + kind.name + ".status", ignored)) continue;
        auto status = read_status(directory, kind.name);
        guest::require(status.failure.empty(), status.failure);
        guest::require(kill(status.pid, 0) == 0, "process ", status.pid, " is gone");
        if (status.rounds >= rounds) return status;
    }
    guest::fail("does not get to round ", rounds, " within ", kPatienceMs / 1000, " s");
}

std::string start(const Kind& kind, const std::string& directory) {
    std::filesystem::create_directories(directory);
    std::filesystem::remove(directory + "/" + kind.name + ".status");
    const auto middle = guest::check(fork(), "fork");
    if (middle == 0) {
        if (fork() == 0) serve(kind, directory);
        _exit(0);
    }
    waitpid(static_cast<pid_t>(middle), nullptr, 0);
    status_with(directory, kind, 1);
    return "started";
}

// A whole round has to begin and end after the question: rounds end at +1, the next one lies in between.
std::string check(const Kind& kind, const std::string& directory) {
    const auto status = status_with(directory, kind, status_with(directory, kind, 1).rounds + 2);
    return std::to_string(status.done) + " " + kind.unit;
}

int for_each_kind(std::string (*step)(const Kind&, const std::string&), const std::string& directory) {
    bool good = true;
    for (const auto& kind : kKinds) {
        std::string answer;
        try {
            answer = step(kind, directory);
        } catch (const guest::Failure& failure) {
            answer = "fail: " + failure.reason;
            good = false;
        }
        std::cout << kind.name << ": " << answer << std::endl;
    }
    return good ? 0 : 1;
}

std::string stop(const Kind& kind, const std::string& directory) {
    const auto status = read_status(directory, kind.name);
    guest::check(kill(status.pid, SIGKILL), "kill process " + std::to_string(status.pid));
    return "stopped";
}

}  // namespace
}  // namespace soak

int main(int argc, char** argv) {
    const std::string verb = argc == 3 ? argv[1] : "";
    if (verb == "start") return soak::for_each_kind(soak::start, argv[2]);
    if (verb == "check") return soak::for_each_kind(soak::check, argv[2]);
    if (verb == "stop") return soak::for_each_kind(soak::stop, argv[2]);
    std::cerr << "usage: soak-work start|check|stop DIRECTORY\n";
    return 2;
}
