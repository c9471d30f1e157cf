// SPDX-License-Identifier: GPL-2.0-only
#include "agent/userland/inside.hpp"

#include <linux/sched.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "agent/userland/namespaces.hpp"

namespace nap::agent {

namespace {

constexpr std::size_t kStack = 256 << 10;

struct Work {
    const std::function<Result<>()>& run;
    Result<> outcome;
};

int run(void* argument) {
    auto& work = *static_cast<Work*>(argument);
    try {
        work.outcome = work.run();
    } catch (const std::exception& error) {
        work.outcome = fail(ErrorKind::internal, error.what());
    }
    return 0;
}

// A process that ends at once, or a negative errno. It shares memory and stack: it must leave no trace on
// either.
long make_ended(pid_t pid) {
    clone_args arguments{};
    arguments.flags = CLONE_VM | CLONE_VFORK;
    arguments.exit_signal = SIGCHLD;
    arguments.set_tid = reinterpret_cast<__u64>(&pid);
    arguments.set_tid_size = 1;
    long result = SYS_clone3;
    asm volatile(
        "syscall\n\t"
        "test %%rax, %%rax\n\t"
        "jnz 1f\n\t"
        "mov %[exit], %%eax\n\t"
        "xor %%edi, %%edi\n\t"
        "syscall\n"
        "1:"
        : "+a"(result)
        : "D"(&arguments), "S"(sizeof arguments), [exit] "i"(SYS_exit)
        : "rcx", "r11", "memory");
    return result;
}

struct Ended {
    std::vector<pid_t> host_pids;
    Ended() = default;
    Ended(const Ended&) = delete;
    Ended& operator=(const Ended&) = delete;
    ~Ended() {
        for (const pid_t pid : host_pids) ::waitpid(pid, nullptr, __WALL);
    }
};

}  // namespace

Result<> in_own_process(pid_t host_pid, int namespaces, const std::function<Result<>()>& work) {
    return in_own_thread([&]() -> Result<> {
        NAP_CHECK(join_namespaces(host_pid, namespaces | CLONE_NEWPID));
        Work shared{work, {}};
        const auto stack = std::make_unique<std::byte[]>(kStack);
        const pid_t child = ::clone(run, stack.get() + kStack, CLONE_VM | CLONE_VFORK | SIGCHLD, &shared);
        if (child < 0) return fail_errno("cannot make a process in the userland's PID namespace");
        int status = 0;
        if (::waitpid(child, &status, __WALL) != child || status != 0)
            return fail(ErrorKind::internal, "the process in the userland's PID namespace was killed");
        return shared.outcome;
    });
}

Result<> while_pids_exist(pid_t host_pid, const std::set<pid_t>& pids,
                          const std::function<Result<>()>& work) {
    return in_own_thread([&]() -> Result<> {
        NAP_CHECK(join_namespaces(host_pid, CLONE_NEWPID));
        Ended ended;
        for (const pid_t pid : pids) {
            const long made = make_ended(pid);
            if (made < 0 && made != -EEXIST)
                return fail_errno("cannot make a process with pid " + std::to_string(pid),
                                  static_cast<int>(-made));
            if (made > 0) ended.host_pids.push_back(static_cast<pid_t>(made));
        }
        return work();
    });
}

}  // namespace nap::agent
