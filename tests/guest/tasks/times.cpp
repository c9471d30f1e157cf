// SPDX-License-Identifier: GPL-2.0-only
// Start times, CPU times and counters: of a process, its threads, those that have ended, its children, a
// zombie, and the timers that go by them.
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <ctime>
#include <memory>
#include <thread>
#include <vector>

#include "child.hpp"
#include "harness.hpp"

namespace guest {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::int64_t now(clockid_t clock) {
    timespec time{};
    check(clock_gettime(clock, &time), "clock_gettime");
    return time.tv_sec * kSecond + time.tv_nsec;
}

std::int64_t nanoseconds(const timeval& time) {
    return time.tv_sec * kSecond + time.tv_usec * 1000;
}

void burn(int milliseconds) {
    const auto end = now(CLOCK_THREAD_CPUTIME_ID) + milliseconds * std::int64_t{1'000'000};
    while (now(CLOCK_THREAD_CPUTIME_ID) < end) getppid();
}

// All that getrusage(2) counts.
std::vector<std::int64_t> usage(int who) {
    rusage use{};
    check(getrusage(static_cast<__rusage_who>(who), &use), "getrusage");
    return {nanoseconds(use.ru_utime),
            nanoseconds(use.ru_stime),
            use.ru_maxrss,
            use.ru_minflt,
            use.ru_majflt,
            use.ru_inblock,
            use.ru_oublock,
            use.ru_nvcsw,
            use.ru_nivcsw};
}

constexpr std::size_t kLargest = 2, kCounted = 9;  // in usage()

// What only grows, and not faster than time passes where it is a time.
std::vector<std::int64_t> growing() {
    auto values = usage(RUSAGE_SELF);
    for (const auto value : usage(RUSAGE_THREAD)) values.push_back(value);
    // The largest size is reckoned from what is resident, and file pages come back as they are touched.
    values[kLargest] = values[kLargest + kCounted] = 0;
    values.push_back(now(CLOCK_PROCESS_CPUTIME_ID));
    values.push_back(now(CLOCK_THREAD_CPUTIME_ID));
    std::istringstream io(read_text("/proc/self/io"));
    for (std::string key; io >> key;) {
        std::int64_t value = 0;
        io >> value;
        values.push_back(value);
    }
    return values;
}

constexpr std::array kTimes = {0, 1, 9, 10, 18, 19};

std::string started(const std::string& task) {
    const std::string stat = read_text("/proc/" + task + "/stat");
    std::istringstream rest(stat.substr(stat.rfind(')') + 2));
    std::string word;
    for (int i = 3; i <= 22; ++i) rest >> word;
    return word;
}

class Times : public State {
  public:
    void set_up() override {
        burn(30);
        std::thread([] { burn(40); }).join();
        make_child(50, true);
        zombie_ = make_child(20, false);
        other_ = std::make_unique<Child>([] {
            burn(20);
            return [](const std::string&) { return std::to_string(now(CLOCK_PROCESS_CPUTIME_ID)); };
        });
        std::thread([this] {
            thread_ = static_cast<pid_t>(syscall(SYS_gettid));
            sleep_for_ever();
        }).detach();
        while (thread_ == 0) sleep_ms(1);
        starts_ = starts();
        children_ = usage(RUSAGE_CHILDREN);
        remember();
    }

    void verify() override {
        const auto starts_now = starts();
        require(starts_now == starts_, "start times are ", starts_now, ", were ", starts_);
        require(usage(RUSAGE_CHILDREN) == children_, "the times or counters of ended children are others");
        const auto passed = now(CLOCK_BOOTTIME) - at_;
        const auto values = growing();
        for (std::size_t i = 0; i < values.size(); ++i)
            require(values[i] >= last_[i], "value ", i, " went back from ", last_[i], " to ", values[i]);
        for (const std::size_t i : kTimes)
            require(values[i] - last_[i] <= passed + kSecond / 10, "time ", i, " grew from ", last_[i],
                    " to ", values[i], " in ", passed);
        const auto others = std::stoll(other_->ask("time"));
        require(others >= others_, "the CPU clock of a child went back from ", others_, " to ", others);
        remember();
    }

    void damage() override {
        rusage use{};
        check(wait4(zombie_, nullptr, 0, &use), "wait4");
    }

  private:
    static pid_t make_child(int milliseconds, bool reap) {
        const auto pid = static_cast<pid_t>(check(fork(), "fork"));
        if (pid == 0) {
            burn(milliseconds);
            _exit(0);
        }
        siginfo_t info{};
        check(waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | (reap ? 0 : WNOWAIT)), "waitid");
        return pid;
    }
    std::string starts() const {
        return started("self") + " thread " + started("self/task/" + std::to_string(thread_)) + " child " +
               started(std::to_string(other_->pid())) + " zombie " + started(std::to_string(zombie_)) +
               " init " + started("1");
    }
    void remember() {
        others_ = std::stoll(other_->ask("time"));
        last_ = growing();
        at_ = now(CLOCK_BOOTTIME);
    }

    std::unique_ptr<Child> other_;
    pid_t zombie_ = 0;
    volatile pid_t thread_ = 0;
    std::string starts_;
    std::vector<std::int64_t> children_, last_;
    std::int64_t at_ = 0, others_ = 0;
};

// Timers armed against CPU times: as much is left of them as the process has not used since.
class CpuTimers : public State {
  public:
    void set_up() override {
        burn(50);
        // One of them with a limit of CPU time that an update must not bring near.
        const rlimit limit{600, 700};
        check(setrlimit(RLIMIT_CPU, &limit), "setrlimit");
        process_ = make(CLOCK_PROCESS_CPUTIME_ID, 100);
        thread_ = make(CLOCK_THREAD_CPUTIME_ID, 200);
        const itimerval profile{{0, 0}, {300, 0}}, virtual_time{{0, 0}, {400, 0}};
        check(setitimer(ITIMER_PROF, &profile, nullptr), "setitimer");
        check(setitimer(ITIMER_VIRTUAL, &virtual_time, nullptr), "setitimer");
        used_ = now(CLOCK_PROCESS_CPUTIME_ID);
    }

    void verify() override {
        burn(20);  // the kernel looks at what is due
        const auto used = now(CLOCK_PROCESS_CPUTIME_ID) - used_;
        near("a timer of the process", left(process_), 100 * kSecond - used);
        near("a timer of the thread", left(thread_), 200 * kSecond - used);
        // These two go by ticks: at most what was used.
        for (const auto& [what, seconds] : {std::pair{ITIMER_PROF, 300}, {ITIMER_VIRTUAL, 400}}) {
            const auto rest = left(what);
            require(rest <= seconds * kSecond + kTolerance && rest >= seconds * kSecond - used - kTolerance,
                    "interval timer ", static_cast<int>(what), " has ", rest, " ns left, ", used,
                    " were used");
        }
    }

    void damage() override {
        const itimerval profile{{0, 0}, {30, 0}};
        check(setitimer(ITIMER_PROF, &profile, nullptr), "setitimer");
    }

  private:
    // The dump runs in the process: what it uses on a busy host is missing from what is left.
    static constexpr std::int64_t kTolerance = kSecond / 2;

    static timer_t make(clockid_t clock, time_t seconds) {
        sigevent event{};
        event.sigev_notify = SIGEV_NONE;
        timer_t timer{};
        check(timer_create(clock, &event, &timer), "timer_create");
        const itimerspec when{{0, 0}, {seconds, 0}};
        check(timer_settime(timer, 0, &when, nullptr), "timer_settime");
        return timer;
    }
    static std::int64_t left(timer_t timer) {
        itimerspec when{};
        check(timer_gettime(timer, &when), "timer_gettime");
        return when.it_value.tv_sec * kSecond + when.it_value.tv_nsec;
    }
    static std::int64_t left(__itimer_which which) {
        itimerval when{};
        check(getitimer(which, &when), "getitimer");
        return nanoseconds(when.it_value);
    }
    static void near(const char* what, std::int64_t is, std::int64_t expected) {
        require(is <= expected + kTolerance && is >= expected - kTolerance, what, " has ", is,
                " ns left, not ", expected);
    }

    timer_t process_{}, thread_{};
    std::int64_t used_ = 0;
};

NAP_GUEST_STATE("times", Times);
NAP_GUEST_STATE("cpu_timers", CpuTimers);

}  // namespace
}  // namespace guest
