// SPDX-License-Identifier: GPL-2.0-only
// Signals: handlers, masks, what is pending for the process and for a thread, the alternate stack, what is
// ignored.
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <ctime>

#include "harness.hpp"

namespace guest {
namespace {

std::atomic<std::uintptr_t> handler_stack;
std::atomic<int> handled;

void on_signal(int, siginfo_t* info, void*) {
    int here = 0;
    handler_stack = reinterpret_cast<std::uintptr_t>(&here);
    handled = info->si_value.sival_int;
}

class Signals : public State {
  public:
    void set_up() override {
        stack_t stack{};
        stack.ss_sp = stack_.data();
        stack.ss_size = stack_.size();
        check(sigaltstack(&stack, nullptr), "sigaltstack");
        struct sigaction action {};
        action.sa_sigaction = on_signal;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
        sigaddset(&action.sa_mask, SIGHUP);
        sigaddset(&action.sa_mask, SIGRTMAX);
        check(sigaction(SIGRTMIN + 5, &action, nullptr), "sigaction");
        signal(SIGQUIT, SIG_IGN);
        sigset_t blocked;
        sigemptyset(&blocked);
        for (const int number : {SIGRTMIN + 6, SIGRTMIN + 7, int{SIGURG}, int{SIGWINCH}, int{SIGTERM}})
            sigaddset(&blocked, number);
        sigprocmask(SIG_BLOCK, &blocked, nullptr);
        sigprocmask(SIG_BLOCK, nullptr, &mask_);
        send();
    }

    void verify() override {
        sigset_t mask;
        sigprocmask(SIG_BLOCK, nullptr, &mask);
        for (int number = 1; number < 65; ++number)
            require(sigismember(&mask, number) == sigismember(&mask_, number), "signal ", number,
                    " is (un)blocked");
        verify_actions();
        for (int value = 1; value <= 3; ++value) take(SIGRTMIN + 6, value);
        take(SIGRTMIN + 7);
        take(SIGTERM);
        sigset_t pending;
        check(sigpending(&pending), "sigpending");
        require(sigismember(&pending, SIGRTMIN + 6) == 0 && sigismember(&pending, SIGTERM) == 0,
                "there is a signal too many");
        send();
    }

    void damage() override { signal(SIGQUIT, SIG_DFL); }

  private:
    static void send() {
        for (int value = 1; value <= 3; ++value)
            check(sigqueue(getpid(), SIGRTMIN + 6, {.sival_int = value}), "sigqueue");
        check(syscall(SYS_tgkill, getpid(), gettid(), SIGRTMIN + 7), "tgkill");
        check(kill(getpid(), SIGTERM), "kill");
    }

    // A value belongs to a signal sent by sigqueue.
    static void take(int number, int value = 0) {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, number);
        siginfo_t info{};
        const timespec no_time{};
        require(sigtimedwait(&set, &info, &no_time) == number, "signal ", number, " is no longer pending");
        require(info.si_pid == getpid(), "signal ", number, " comes from process ", info.si_pid);
        require(value == 0 || (info.si_code == SI_QUEUE && info.si_value.sival_int == value), "signal ",
                number, " has code ", info.si_code, " and carries ", info.si_value.sival_int);
    }

    void verify_actions() const {
        struct sigaction action {};
        check(sigaction(SIGQUIT, nullptr, &action), "sigaction");
        require(action.sa_handler == SIG_IGN, "an ignored signal no longer is");
        check(sigaction(SIGRTMIN + 5, nullptr, &action), "sigaction");
        require(action.sa_sigaction == on_signal &&
                    (action.sa_flags & (SA_ONSTACK | SA_NODEFER)) == (SA_ONSTACK | SA_NODEFER) &&
                    sigismember(&action.sa_mask, SIGRTMAX) == 1,
                "a handler's flags or mask changed");
        handled = 0;
        check(sigqueue(getpid(), SIGRTMIN + 5, {.sival_int = 815}), "sigqueue");
        require(handled == 815, "the handler did not run");
        const auto first = reinterpret_cast<std::uintptr_t>(stack_.data());
        require(handler_stack >= first && handler_stack < first + stack_.size(),
                "the handler ran on another stack");
    }

    std::array<char, 64 << 10> stack_{};
    sigset_t mask_{};
};

NAP_GUEST_STATE("signals", Signals);

}  // namespace
}  // namespace guest
