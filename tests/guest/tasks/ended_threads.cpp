// SPDX-License-Identifier: GPL-2.0-only
// Timers that outlive the thread they notify.
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "harness.hpp"

namespace guest {
namespace {

class TimerOfEndedThread : public State {
  public:
    void set_up() override {
        std::thread([this] {
            sigevent event{};
            event.sigev_notify = SIGEV_THREAD_ID;
            event.sigev_signo = SIGRTMIN + 3;
            event._sigev_un._tid = static_cast<pid_t>(syscall(SYS_gettid));
            made_ = timer_create(CLOCK_MONOTONIC, &event, &timer_) == 0 &&
                    timer_create(CLOCK_MONOTONIC, &event, &idle_) == 0;
            const itimerspec time{{1, 0}, {100'000, 0}};
            made_ = made_ && timer_settime(timer_, 0, &time, nullptr) == 0;
        }).join();
        require(made_, "timer_create");
    }
    void verify() override {
        itimerspec left{};
        check(timer_gettime(timer_, &left), "timer_gettime");
        require(left.it_value.tv_sec > 90'000 && left.it_value.tv_sec <= 100'000, left.it_value.tv_sec,
                " seconds are left");
        require(left.it_interval.tv_sec == 1, "the interval changed");
        check(timer_gettime(idle_, &left), "timer_gettime");
        require(left.it_value.tv_sec == 0 && left.it_value.tv_nsec == 0, "an idle timer is armed");
    }
    void damage() override { check(timer_delete(timer_), "timer_delete"); }

  private:
    timer_t timer_{}, idle_{};
    bool made_ = false;
};

NAP_GUEST_STATE("timer_of_ended_thread", TimerOfEndedThread);

}  // namespace
}  // namespace guest
