// SPDX-License-Identifier: GPL-2.0-only
// Settings that each thread has for itself: affinity, scheduling, I/O priority, timer slack, NUMA policy,
// name, parent death signal, time stamp counter, machine checks, privileges, a seccomp filter of its own.
#include <linux/filter.h>
#include <linux/mempolicy.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <vector>

#include "harness.hpp"
#include "tasks/telling_threads.hpp"

namespace guest {
namespace {

constexpr int kIoPrioWhoProcess = 1, kIoClassShift = 13;

pid_t self() {
    return static_cast<pid_t>(syscall(SYS_gettid));
}

std::string affinity() {
    cpu_set_t cpus;
    check(sched_getaffinity(0, sizeof cpus, &cpus), "sched_getaffinity");
    std::string text = "cpus";
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(cpu, &cpus)) text += " " + std::to_string(cpu);
    return text;
}

std::string memory_policy() {
    int mode = 0;
    std::array<unsigned long, 16> nodes{};
    check(syscall(SYS_get_mempolicy, &mode, nodes.data(), 8 * sizeof nodes, nullptr, 0), "get_mempolicy");
    return " policy " + std::to_string(mode) + " nodes " + std::to_string(nodes[0]);
}

std::string described() {
    sched_param parameter{};
    check(sched_getparam(0, &parameter), "sched_getparam");
    std::array<char, 17> name{};
    prctl(PR_GET_NAME, name.data());
    int counter = 0, death = 0;
    prctl(PR_GET_TSC, &counter);
    prctl(PR_GET_PDEATHSIG, &death);
    std::ostringstream text;
    text << affinity() << " scheduling " << sched_getscheduler(0) << '/' << parameter.sched_priority
         << " nice " << getpriority(PRIO_PROCESS, static_cast<id_t>(self())) << " io "
         << syscall(SYS_ioprio_get, kIoPrioWhoProcess, 0) << " slack " << prctl(PR_GET_TIMERSLACK)
         << memory_policy() << " '" << name.data() << "' tsc " << counter << " death " << death << " mce "
         << prctl(PR_MCE_KILL_GET, 0, 0, 0, 0) << " flusher " << prctl(PR_GET_IO_FLUSHER, 0, 0, 0, 0)
         << " no new privileges " << prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) << " bypass "
         << prctl(PR_GET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, 0, 0, 0) << " branch "
         << prctl(PR_GET_SPECULATION_CTRL, PR_SPEC_INDIRECT_BRANCH, 0, 0, 0) << " getpgid "
         << (syscall(SYS_getpgid, 0) < 0 ? errno : 0);
    return text.str();
}

void pin(bool to_last) {
    cpu_set_t all, one;
    check(sched_getaffinity(0, sizeof all, &all), "sched_getaffinity");
    int chosen = -1;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(cpu, &all) && (to_last || chosen < 0)) chosen = cpu;
    CPU_ZERO(&one);
    CPU_SET(chosen, &one);
    check(sched_setaffinity(0, sizeof one, &one), "sched_setaffinity");
}

void schedule(int policy, int priority) {
    const sched_param parameter{priority};
    check(sched_setscheduler(0, policy, &parameter), "sched_setscheduler");
}

void set_io_priority(int io_class, int level) {
    check(syscall(SYS_ioprio_set, kIoPrioWhoProcess, 0, io_class << kIoClassShift | level), "ioprio_set");
}

void set_policy(int mode, unsigned long nodes) {
    check(syscall(SYS_set_mempolicy, mode, nodes != 0 ? &nodes : nullptr, nodes != 0 ? 8 * sizeof nodes : 0),
          "set_mempolicy");
}

// Of this thread alone: getpgid(2) gives an error.
void filter_calls() {
    std::array<sock_filter, 4> filter{{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                                       BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpgid, 0, 1),
                                       BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOANO),
                                       BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}};
    const sock_fprog program{filter.size(), filter.data()};
    check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
    check(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), "PR_SET_SECCOMP");
}

class ThreadSettings : public State {
  public:
    void set_up() override {
        threads_.start("pinned", [] {
            pin(false);
            prctl(PR_SET_TIMERSLACK, 3'000'000);
            set_io_priority(3, 0);
            set_policy(MPOL_BIND, 1);
        });
        threads_.start("pinned to the last", [] {
            pin(true);
            check(setpriority(PRIO_PROCESS, static_cast<id_t>(self()), 11), "setpriority");
            set_io_priority(2, 7);
            set_policy(MPOL_INTERLEAVE | MPOL_F_STATIC_NODES, 1);
            prctl(PR_SET_NAME, "worker (7)");
        });
        threads_.start("real-time", [] {
            check(setpriority(PRIO_PROCESS, static_cast<id_t>(self()), -3), "setpriority");
            schedule(SCHED_RR | SCHED_RESET_ON_FORK, 3);
            set_policy(MPOL_LOCAL, 0);
            prctl(PR_SET_PDEATHSIG, SIGURG);
        });
        threads_.start("batch", [] {
            schedule(SCHED_BATCH | SCHED_RESET_ON_FORK, 0);
            check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
        });
        threads_.start("idle", [] {
            schedule(SCHED_IDLE, 0);
            prctl(PR_SET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, PR_SPEC_DISABLE, 0, 0);
            prctl(PR_SET_SPECULATION_CTRL, PR_SPEC_INDIRECT_BRANCH, PR_SPEC_FORCE_DISABLE, 0, 0);
        });
        threads_.start("odd", [] {
            check(prctl(PR_SET_TSC, PR_TSC_SIGSEGV), "PR_SET_TSC");
            check(prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0), "PR_MCE_KILL");
            prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0);  // natively there may be no right to that
        });
        threads_.start("filtered", filter_calls);
        threads_.start("plain", [] {});
        before_ = threads_.ask();
    }

    void verify() override {
        const auto now = threads_.ask();
        for (std::size_t i = 0; i < now.size(); ++i)
            require(now[i] == before_[i], "is '", now[i], "', was '", before_[i], "'");
    }

    void damage() override {
        threads_.order([] { prctl(PR_SET_TIMERSLACK, 4'000'000); });
    }

  private:
    TellingThreads threads_{described};
    std::vector<std::string> before_;
};

NAP_GUEST_STATE("thread_settings", ThreadSettings);

}  // namespace
}  // namespace guest
