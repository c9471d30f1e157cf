// SPDX-License-Identifier: GPL-2.0-only
// Calls that wait for a while: none ends early, or with EINTR, and what is left of a sleep is told.
#include <linux/futex.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <thread>

#include "child.hpp"
#include "harness.hpp"

namespace guest {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000, kSecond = 1'000'000'000;
constexpr std::int64_t kWait = 3 * kSecond;
constexpr int kPatienceMs = 20'000;

std::int64_t now(clockid_t clock = CLOCK_MONOTONIC) {
    timespec time{};
    clock_gettime(clock, &time);
    return time.tv_sec * kSecond + time.tv_nsec;
}

timespec to_timespec(std::int64_t ns) {
    return {ns / kSecond, ns % kSecond};
}

// What a call of kWait has to say: 0, or errno.
int sleep_on(clockid_t clock, int flags, std::int64_t ns) {
    const timespec time = to_timespec(ns);
    return clock_nanosleep(clock, flags, &time, nullptr);
}

int wait_on_futex(int operation, std::int64_t ns) {
    int word = 0;
    const timespec time = to_timespec(ns);
    const long result = syscall(SYS_futex, &word, operation, 0, &time, nullptr, FUTEX_BITSET_MATCH_ANY);
    return result == -1 && errno == ETIMEDOUT ? 0 : errno;
}

int poll_nothing() {
    return poll(nullptr, 0, static_cast<int>(kWait / kMillisecond)) == 0 ? 0 : errno;
}

int select_nothing() {
    timeval time{kWait / kSecond, 0};
    return select(0, nullptr, nullptr, nullptr, &time) == 0 ? 0 : errno;
}

struct Kind {
    const char* name;
    int (*wait)();
};

constexpr Kind kKinds[] = {
    {"nanosleep",
     [] {
         const timespec time = to_timespec(kWait);
         return nanosleep(&time, nullptr) == 0 ? 0 : errno;
     }},
    {"clock_nanosleep (boottime)", [] { return sleep_on(CLOCK_BOOTTIME, 0, kWait); }},
    {"clock_nanosleep (realtime)", [] { return sleep_on(CLOCK_REALTIME, 0, kWait); }},
    {"clock_nanosleep (until)", [] { return sleep_on(CLOCK_MONOTONIC, TIMER_ABSTIME, now() + kWait); }},
    {"poll", poll_nothing},
    {"select", select_nothing},
    {"futex wait", [] { return wait_on_futex(FUTEX_WAIT_PRIVATE, kWait); }},
    {"futex wait, shared", [] { return wait_on_futex(FUTEX_WAIT, kWait); }},
    {"futex wait until", [] { return wait_on_futex(FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, now() + kWait); }},
    {"futex wait until (realtime)",
     [] {
         return wait_on_futex(FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME,
                              now(CLOCK_REALTIME) + kWait);
     }},
};
constexpr std::size_t kKindCount = std::size(kKinds);

// One thread waits in each kind of call again and again, a process' first thread in another.
class TimedCalls : public State {
  public:
    void set_up() override {
        for (std::size_t i = 0; i < kKindCount; ++i)
            std::thread([this, i] { go_on(counts_[i], kKinds[i].wait); }).detach();
        std::thread([this] { wait_for_ever(); }).detach();
        void* memory =
            mmap(nullptr, sizeof(Count), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        require(memory != MAP_FAILED, "mmap");
        first_ = new (memory) Count;
        const auto pid = check(fork(), "fork");
        if (pid == 0) {
            Child::end_with_parent();
            go_on(*first_, kKinds[0].wait);
        }
        sleep_ms(200);
    }
    // All are waited for at once: one after the other they would take eleven waits.
    void verify() override {
        std::array<int, kKindCount> ended{};
        for (std::size_t i = 0; i < kKindCount; ++i) ended.at(i) = counts_.at(i).ended;
        const int first_ended = first_->ended;
        for (std::size_t i = 0; i < kKindCount; ++i) verify_one(counts_.at(i), ended.at(i), kKinds[i].name);
        verify_one(*first_, first_ended, "nanosleep of a first thread");
        require(!ended_, "a poll without limit ended: ", std::strerror(ended_error_));
    }
    void damage() override { counts_[0].error = EINTR; }

  private:
    struct Count {
        std::atomic<int> begun = 0, ended = 0, error = 0;
        std::atomic<std::int64_t> early = 0;  // ns
    };

    [[noreturn]] static void go_on(Count& count, int (*wait)()) {
        for (;;) {
            ++count.begun;
            const auto begin = now();
            if (const int error = wait(); error != 0) count.error = error;
            const auto passed = now() - begin;
            // The clock that is waited on may be set meanwhile, and is read apart.
            if (passed < kWait - 50 * kMillisecond) count.early = kWait - passed;
            ++count.ended;
        }
    }
    static void verify_one(const Count& count, int ended, const char* name) {
        require(count.begun > 0, name, " was not begun");
        for (int waited = 0; count.ended == ended; waited += 10) {
            require(waited < kPatienceMs, name, " does not end");
            sleep_ms(10);
        }
        require(count.error == 0, name, " ended with ", std::strerror(count.error));
        require(count.early == 0, name, " ended ", count.early / kMillisecond, " ms early");
    }
    void wait_for_ever() {
        std::array<int, 2> ends{};
        if (pipe(ends.data()) != 0) return;
        pollfd waiting{ends[0], POLLIN, 0};
        (void)poll(&waiting, 1, -1);
        ended_error_ = errno;
        ended_ = true;
    }

    std::array<Count, kKindCount> counts_;
    Count* first_ = nullptr;
    std::atomic<bool> ended_ = false;
    std::atomic<int> ended_error_ = 0;
};

constexpr std::int64_t kLongSleep = 10'000 * kSecond;

// A sleep that a handler interrupts tells what is left of it.
class SleepLeft : public State {
  public:
    void set_up() override {
        struct sigaction action {};
        action.sa_handler = [](int) {};
        check(sigaction(SIGRTMIN + 5, &action, nullptr), "sigaction");
        std::thread sleeper([this] {
            for (;;) {
                begin_ = now();
                timespec left{};
                const timespec time = to_timespec(kLongSleep);
                result_ = nanosleep(&time, &left) == 0 ? 0 : errno;
                sum_ = now() - begin_ + left.tv_sec * kSecond + left.tv_nsec;
                ++ended_;
                while (!again_.exchange(false)) sleep_ms(1);
            }
        });
        sleeper_ = sleeper.native_handle();
        sleeper.detach();
        sleep_ms(100);
    }
    void verify() override {
        require(ended_ == rounds_,
                "the sleep ended although nobody had interrupted it: ", std::strerror(result_));
        pthread_kill(sleeper_, SIGRTMIN + 5);
        ++rounds_;
        for (int waited = 0; ended_ != rounds_; waited += 10) {
            require(waited < kPatienceMs, "the sleep is not interrupted");
            sleep_ms(10);
        }
        require(result_ == EINTR, "the sleep ended with ", std::strerror(result_));
        const auto difference = (sum_ - kLongSleep) / kMillisecond;
        again_ = true;
        sleep_ms(100);
        require(difference > -200 && difference < 5000, "what was slept and what was left are ", difference,
                " ms more than the sleep");
    }
    void damage() override { ++ended_; }

  private:
    pthread_t sleeper_{};
    std::atomic<bool> again_ = false;
    std::atomic<std::int64_t> begin_ = 0, sum_ = 0;
    std::atomic<int> result_ = 0, ended_ = 0;
    int rounds_ = 0;
};

NAP_GUEST_STATE("timed_calls", TimedCalls);
NAP_GUEST_STATE("sleep_left", SleepLeft);

}  // namespace
}  // namespace guest
