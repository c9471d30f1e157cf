// SPDX-License-Identifier: GPL-2.0-only
// Timers that send signals, periodic and far away; and the clocks.
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <ctime>
#include <memory>
#include <thread>

#include "child.hpp"
#include "harness.hpp"

namespace guest {
namespace {

std::atomic<int> interval_ticks, posix_ticks, posix_value;

void on_alarm(int) {
    ++interval_ticks;
}
void on_posix(int, siginfo_t* info, void*) {
    ++posix_ticks;
    posix_value = info->si_value.sival_int;
}

class Timers : public State {
  public:
    void set_up() override {
        struct sigaction action {};
        action.sa_handler = on_alarm;
        action.sa_flags = SA_RESTART;
        check(sigaction(SIGALRM, &action, nullptr), "sigaction");
        action = {};
        action.sa_sigaction = on_posix;
        action.sa_flags = SA_RESTART | SA_SIGINFO;
        check(sigaction(SIGRTMIN + 4, &action, nullptr), "sigaction");
        const itimerval interval{{0, 50'000}, {0, 50'000}};
        check(setitimer(ITIMER_REAL, &interval, nullptr), "setitimer");
        const itimerval profile{{3000, 0}, {2000, 0}};
        check(setitimer(ITIMER_PROF, &profile, nullptr), "setitimer");
        sigevent event{};
        event.sigev_notify = SIGEV_SIGNAL;
        event.sigev_signo = SIGRTMIN + 4;
        event.sigev_value.sival_int = 4711;
        check(timer_create(CLOCK_MONOTONIC, &event, &periodic_), "timer_create");
        check(timer_create(CLOCK_REALTIME, &event, &far_), "timer_create");
        const itimerspec soon{{0, 50'000'000}, {0, 50'000'000}}, later{{0, 0}, {50'000, 0}};
        check(timer_settime(periodic_, 0, &soon, nullptr), "timer_settime");
        check(timer_settime(far_, 0, &later, nullptr), "timer_settime");
        far_begin_ = monotonic();
        alarmed_ = std::make_unique<Child>([] {
            alarm(50'000);
            return [](const std::string&) {
                itimerval left{};
                check(getitimer(ITIMER_REAL, &left), "getitimer");
                return std::to_string(left.it_value.tv_sec);
            };
        });
    }
    void verify() override {
        interval_ticks = posix_ticks = 0;
        sleep_ms(600);
        require(interval_ticks > 0 && interval_ticks < 100, "setitimer: ", interval_ticks.load(),
                " ticks in 600 ms");
        require(posix_ticks > 0 && posix_ticks < 100, "timer_create: ", posix_ticks.load(),
                " ticks in 600 ms");
        require(posix_value == 4711, "the timer's value is ", posix_value.load());
        itimerval profile{};
        check(getitimer(ITIMER_PROF, &profile), "getitimer");
        require(profile.it_interval.tv_sec == 3000 && profile.it_value.tv_sec > 1900,
                "the profiling timer changed");
        const long passed = monotonic() - far_begin_;
        itimerspec left{};
        check(timer_gettime(far_, &left), "timer_gettime");
        require_near("a far timer", left.it_value.tv_sec, 50'000 - passed);
        require_near("an alarm", std::stol(alarmed_->ask("left")), 50'000 - passed);
    }
    void damage() override {
        const itimerval off{};
        check(setitimer(ITIMER_REAL, &off, nullptr), "setitimer");
    }

  private:
    // What they all count by, and what stands still while an update that is rolled back has stopped the
    // kernel.
    static long monotonic() {
        timespec time{};
        check(clock_gettime(CLOCK_MONOTONIC, &time), "clock_gettime");
        return time.tv_sec;
    }
    static void require_near(const char* what, long seconds, long expected) {
        require(seconds > expected - 10 && seconds < expected + 10, what, " ends in ", seconds,
                " s, expected ", expected);
    }
    timer_t periodic_{}, far_{};
    long far_begin_ = 0;
    std::unique_ptr<Child> alarmed_;
};

// Never backwards, and the clocks keep step with one another over an update.
class Clocks : public State {
  public:
    void set_up() override {
        begin_ = together();
        for (std::size_t i = 0; i < kClocks.size(); ++i) last_[i] = begin_[i];
        std::thread([this] {
            for (;;) {
                for (std::size_t i = 0; i < kClocks.size(); ++i) look(i);
                sleep_ms(20);
            }
        }).detach();
    }
    void verify() override {
        sleep_ms(100);
        require(backwards_ == 0, "a clock went backwards by ", backwards_.load(), " ns");
        auto passed = together();
        for (std::size_t i = 0; i < kClocks.size(); ++i) {
            passed[i] -= begin_[i];
            require(passed[i] > 0, "clock ", kClocks[i], " stands at or before its beginning");
        }
        for (std::size_t i = 1; i < kClocks.size(); ++i) {
            const auto apart = passed[i] - passed[0];
            // The time of day alone goes on while an update that is rolled back has stopped the kernel
            const auto most = kClocks[i] == CLOCK_REALTIME ? kStopped : kApart;
            require(apart > -kApart && apart < most, "clock ", kClocks[i], " advanced by ", apart / 1'000'000,
                    " ms more than clock ", kClocks[0]);
        }
        require(now(CLOCK_REALTIME) > kPlausible, "the time of day is not plausible");
        const auto used = now(CLOCK_PROCESS_CPUTIME_ID);
        require(used > 0, "no processor time was used");
    }
    void damage() override { last_[0] = now(kClocks[0]) + 3'600'000'000'000; }

  private:
    static constexpr std::array<clockid_t, 3> kClocks{CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_REALTIME};
    static constexpr std::int64_t kApart = 50'000'000, kStopped = 600'000'000'000;
    static constexpr std::int64_t kPlausible = 1'600'000'000'000'000'000;

    static std::int64_t now(clockid_t clock) {
        timespec time{};
        check(clock_gettime(clock, &time), "clock_gettime");
        return time.tv_sec * 1'000'000'000 + time.tv_nsec;
    }
    // All of them as near to one instant as this processor lets us be.
    static std::array<std::int64_t, kClocks.size()> together() {
        std::array<std::int64_t, kClocks.size()> best{};
        std::int64_t shortest = 3'600'000'000'000;
        for (int tries = 0; tries < 100 && shortest > 1'000'000; ++tries) {
            std::array<std::int64_t, kClocks.size()> read{};
            for (std::size_t i = 0; i < kClocks.size(); ++i) read[i] = now(kClocks[i]);
            const auto apart = now(kClocks[0]) - read[0];
            if (apart >= shortest) continue;
            shortest = apart;
            best = read;
        }
        return best;
    }
    void look(std::size_t i) {
        const auto time = now(kClocks[i]);
        const auto last = last_[i].exchange(time);
        if (time < last) backwards_ = last - time;
    }

    std::array<std::atomic<std::int64_t>, kClocks.size()> last_{};
    std::array<std::int64_t, kClocks.size()> begin_{};
    std::atomic<std::int64_t> backwards_ = 0;
};

NAP_GUEST_STATE("timers", Timers);
NAP_GUEST_STATE("clocks", Clocks);

}  // namespace
}  // namespace guest
