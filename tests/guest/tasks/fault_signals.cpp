// SPDX-License-Identifier: GPL-2.0-only
// Signals of faults that wait for a thread: the kernel delivers such ones before others, whether blocked or
// not, as soon as the thread meets a trap.
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <ctime>

#include "harness.hpp"

namespace guest {
namespace {

struct Fault {
    int number, code;
};

class FaultSignals : public State {
  public:
    void set_up() override {
        sigemptyset(&blocked_);
        for (const Fault& fault : kFaults) sigaddset(&blocked_, fault.number);
        sigprocmask(SIG_BLOCK, &blocked_, nullptr);
        send();
    }

    void verify() override {
        for (const Fault& fault : kFaults) {
            sigset_t wanted;
            sigemptyset(&wanted);
            sigaddset(&wanted, fault.number);
            siginfo_t info{};
            const timespec none{};
            require(sigtimedwait(&wanted, &info, &none) == fault.number, "signal ", fault.number,
                    " is not pending");
            require(info.si_code == fault.code && info.si_addr == address(fault), "signal ", fault.number,
                    " tells of code ", info.si_code, " at ", info.si_addr);
        }
        send();
    }

    void damage() override {
        sigset_t wanted;
        sigemptyset(&wanted);
        sigaddset(&wanted, SIGSEGV);
        const timespec none{};
        check(sigtimedwait(&wanted, nullptr, &none), "sigtimedwait");
    }

  private:
    static constexpr std::array<Fault, 4> kFaults{
        {{SIGSEGV, SEGV_MAPERR}, {SIGBUS, BUS_ADRERR}, {SIGFPE, FPE_INTDIV}, {SIGILL, ILL_ILLOPN}}};

    static void* address(const Fault& fault) { return reinterpret_cast<void*>(0x1000L * fault.number); }

    // As a runtime does that passes a fault on to itself.
    static void send() {
        for (const Fault& fault : kFaults) {
            siginfo_t info{};
            info.si_signo = fault.number;
            info.si_code = fault.code;
            info.si_addr = address(fault);
            check(syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), fault.number, &info),
                  "rt_tgsigqueueinfo");
        }
    }

    sigset_t blocked_{};
};

NAP_GUEST_STATE("fault_signals", FaultSignals);

}  // namespace
}  // namespace guest
