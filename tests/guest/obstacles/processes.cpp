// SPDX-License-Identifier: GPL-2.0-only
// Processes in states that CRIU refuses, and ties between processes.
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <thread>

#include "child.hpp"
#include "harness.hpp"

namespace guest {
namespace {

void hold_traced() {
    const pid_t pid = fork_sleeper();
    check(ptrace(PTRACE_SEIZE, pid, 0, 0), "PTRACE_SEIZE");
}

// Its only child: the leader is a zombie, another thread lives.
void hold_dead_leader() {
    if (check(fork(), "fork") == 0) {
        Child::end_with_parent();
        std::thread([] { sleep_for_ever(); }).detach();
        syscall(SYS_exit, 0);
    }
    sleep_ms(100);
}

void hold_shared_memory_process() {
    static std::array<char, 65536> stack;
    const auto sleeper = [](void*) -> int {
        Child::end_with_parent();
        sleep_for_ever();
    };
    check(clone(sleeper, stack.data() + stack.size(), CLONE_VM | SIGCHLD, nullptr), "clone");
}

void hold_shared_directory() {
    if (check(syscall(SYS_clone, CLONE_FS | SIGCHLD, nullptr, nullptr, nullptr, 0UL), "clone") == 0) {
        Child::end_with_parent();
        sleep_for_ever();
    }
}

// vfork(2), its child never calls exec: the parent sleeps uninterruptibly.
void hold_vfork() {
    if (check(fork(), "fork") != 0) return;
    Child::end_with_parent();
    if (vfork() == 0) {
        Child::end_with_parent();
        sleep_for_ever();
    }
    sleep_for_ever();
}

// A 32-bit program that calls pause(2) for ever.
void hold_32_bit_program() {
    constexpr std::array<unsigned char, 96> kProgram = {
        0x7f, 'E', 'L', 'F', 1,    1,    1,    0,    0,
        0,    0,   0,   0,   0,    0,    0,  // 32 bit, little endian
        2,    0,   3,   0,   1,    0,    0,    0,    0x54,
        0x80, 4,   8,   52,  0,    0,    0,  // executable, i386, entry, headers
        0,    0,   0,   0,   0,    0,    0,    0,    52,
        0,    32,  0,   1,   0,    0,    0,  // one program header
        0,    0,   0,   0,                   //
        1,    0,   0,   0,   0,    0,    0,    0,    0,
        0x80, 4,   8,   0,   0x80, 4,    8,  // load the file at 0x08048000
        96,   0,   0,   0,   96,   0,    0,    0,    5,
        0,    0,   0,   0,   16,   0,    0,                 //
        0xb8, 29,  0,   0,   0,    0xcd, 0x80, 0xeb, 0xf7,  // mov eax, pause; int 0x80; jmp
    };
    const std::string path = disk_directory("compat") + "/compat";
    const int fd = static_cast<int>(check(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0700), "open"));
    check(write(fd, kProgram.data(), kProgram.size()), "write");
    close(fd);
    if (check(fork(), "fork") == 0) {
        Child::end_with_parent();
        execl(path.c_str(), "compat", nullptr);
        _exit(1);
    }
    sleep_ms(200);
}

void hold_deadline() {
    struct {
        std::uint32_t size, policy;
        std::uint64_t flags;
        std::int32_t nice;
        std::uint32_t priority;
        std::uint64_t runtime, deadline, period;
    } attributes{48, SCHED_DEADLINE, 0, 0, 0, 1'000'000, 100'000'000, 100'000'000};
    check(syscall(SYS_sched_setattr, 0, &attributes, 0), "sched_setattr");
}

NAP_GUEST_HOLDER("traced", hold_traced);
NAP_GUEST_HOLDER("dead_leader", hold_dead_leader);
NAP_GUEST_HOLDER("shared_vm", hold_shared_memory_process);
NAP_GUEST_HOLDER("shared_fs", hold_shared_directory);
NAP_GUEST_HOLDER("vfork", hold_vfork);
NAP_GUEST_HOLDER("compat", hold_32_bit_program);
NAP_GUEST_HOLDER("deadline", hold_deadline);

}  // namespace
}  // namespace guest
