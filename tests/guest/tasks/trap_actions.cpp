// SPDX-License-Identifier: GPL-2.0-only
// SIGTRAP ignored, blocked, handled: a process that is called into by a debugger's trap keeps its own way.
#include <unistd.h>

#include <csignal>
#include <memory>

#include "child.hpp"
#include "harness.hpp"

namespace guest {
namespace {

volatile sig_atomic_t trapped = 0;

std::string action() {
    struct sigaction now {};
    check(sigaction(SIGTRAP, nullptr, &now), "sigaction");
    sigset_t blocked;
    sigprocmask(SIG_SETMASK, nullptr, &blocked);
    std::ostringstream text;
    text << (now.sa_handler == SIG_IGN   ? "ignored"
             : now.sa_handler == SIG_DFL ? "default"
                                         : "handled")
         << " flags " << now.sa_flags << " masks SIGUSR2 " << sigismember(&now.sa_mask, SIGUSR2)
         << " blocked " << sigismember(&blocked, SIGTRAP);
    return text.str();
}

void unblock(bool it) {
    sigset_t trap;
    sigemptyset(&trap);
    sigaddset(&trap, SIGTRAP);
    check(sigprocmask(it ? SIG_UNBLOCK : SIG_BLOCK, &trap, nullptr), "sigprocmask");
}

void set(void (*handler)(int), bool block) {
    struct sigaction wanted {};
    wanted.sa_handler = handler;
    wanted.sa_flags = SA_RESTART;
    sigaddset(&wanted.sa_mask, SIGUSR2);
    check(sigaction(SIGTRAP, &wanted, nullptr), "sigaction");
    unblock(!block);
}

class TrapActions : public State {
  public:
    void set_up() override {
        for (const bool block : {false, true}) {
            ignoring_[block] = make(SIG_IGN, block);
            handling_[block] = make([](int) { trapped = 1; }, block);
        }
        before_ = told();
    }

    void verify() override {
        const std::string now = told();
        require(now == before_, "is '", now, "', was '", before_, "'");
        for (const bool block : {false, true}) {
            require(handling_[block]->ask("trap") == "1", "a handler of SIGTRAP was not called");
            require(ignoring_[block]->ask("trap") == "0", "an ignored SIGTRAP was handled");
        }
    }

    void damage() override { (void)ignoring_[false]->ask("leave"); }

  private:
    static std::unique_ptr<Child> make(void (*handler)(int), bool block) {
        return std::make_unique<Child>([=] {
            set(handler, block);
            return [=](const std::string& question) -> std::string {
                if (question == "leave") set(SIG_DFL, block);
                if (question != "trap") return action();
                trapped = 0;
                unblock(true);  // whatever the handler is by now
                raise(SIGTRAP);
                unblock(!block);
                return std::to_string(trapped);
            };
        });
    }
    std::string told() const {
        std::string all;
        for (const bool block : {false, true})
            all += ignoring_[block]->ask("tell") + "; " + handling_[block]->ask("tell") + "; ";
        return all;
    }

    std::unique_ptr<Child> ignoring_[2], handling_[2];
    std::string before_;
};

NAP_GUEST_STATE("trap_actions", TrapActions);

}  // namespace
}  // namespace guest
