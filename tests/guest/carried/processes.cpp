// SPDX-License-Identifier: GPL-2.0-only
// Processes in unusual states.
#include <linux/sched.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "child.hpp"
#include "harness.hpp"

namespace guest {
namespace {

void hold_stopped() {
    const pid_t pid = fork_sleeper();
    check(kill(pid, SIGSTOP), "kill");
    check(waitpid(pid, nullptr, WUNTRACED), "waitpid");
}

void hold_zombie() {
    if (check(fork(), "fork") == 0) _exit(0);
}

void hold_thread_credentials() {
    static volatile bool done = false;
    std::thread([] {
        syscall(SYS_setresgid, 1000, 1000, 1000);
        syscall(SYS_setresuid, 1000, 1000, 1000);
        done = true;
        sleep_for_ever();
    }).detach();
    while (!done) sleep_ms(1);
}

void hold_shared_files() {
    if (check(syscall(SYS_clone, CLONE_FILES | SIGCHLD, nullptr, nullptr, nullptr, 0UL), "clone") == 0) {
        Child::end_with_parent();
        sleep_for_ever();
    }
}

// A child that has another root.
void hold_root() {
    if (check(fork(), "fork") != 0) return;
    Child::end_with_parent();
    if (chroot(disk_directory("chroot").c_str()) != 0 || chdir("/") != 0) _exit(1);
    sleep_for_ever();
}

template <int kNamespace>
void hold_namespace() {
    check(unshare(kNamespace), "unshare");
}

NAP_GUEST_HOLDER("stopped", hold_stopped);
NAP_GUEST_HOLDER("zombie", hold_zombie);
NAP_GUEST_HOLDER("thread_creds", hold_thread_credentials);
NAP_GUEST_HOLDER("shared_files", hold_shared_files);
NAP_GUEST_HOLDER("chroot", hold_root);
NAP_GUEST_HOLDER("mount_ns", hold_namespace<CLONE_NEWNS>);
NAP_GUEST_HOLDER("uts_ns", hold_namespace<CLONE_NEWUTS>);
NAP_GUEST_HOLDER("user_ns", hold_namespace<CLONE_NEWUSER>);
NAP_GUEST_HOLDER("ipc_ns", hold_namespace<CLONE_NEWIPC>);

}  // namespace
}  // namespace guest
