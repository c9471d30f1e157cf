// SPDX-License-Identifier: GPL-2.0-only
// Namespaces of a process's or a thread's own.
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <thread>

#include "child.hpp"
#include "harness.hpp"

namespace guest {
namespace {

template <int kNamespace>
void hold_own() {
    check(unshare(kNamespace), "unshare");
}

// Children are born into it; the process itself stays where it was.
template <int kNamespace>
void hold_childs_own() {
    check(unshare(kNamespace), "unshare");
    static const Child child([] { return [](const std::string&) { return std::string(); }; });
}

template <int kNamespace>
void hold_threads_own() {
    static bool failed = false;
    static volatile bool done = false;
    std::thread([] {
        failed = unshare(kNamespace) != 0;
        done = true;
        for (;;) pause();
    }).detach();
    while (!done) sleep_ms(1);
    require(!failed, "unshare in a thread failed");
}

// By a descriptor alone, in no process.
void hold_without_process() {
    const int own = static_cast<int>(check(open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC), "open"));
    check(unshare(CLONE_NEWUTS), "unshare");
    check(open("/proc/self/ns/uts", O_RDONLY), "open");
    check(setns(own, CLONE_NEWUTS), "setns");
}

void hold_nested_user() {
    check(unshare(CLONE_NEWUSER), "unshare");
    write_text("/proc/self/setgroups", "deny");
    write_text("/proc/self/uid_map", "0 0 1");
    write_text("/proc/self/gid_map", "0 0 1");
    check(unshare(CLONE_NEWUSER), "unshare within it");
}

void hold_kept_user() {
    check(unshare(CLONE_NEWUSER), "unshare");
    check(open("/proc/self/ns/user", O_RDONLY), "open");
}

NAP_GUEST_HOLDER("ns_kept", hold_without_process);
NAP_GUEST_HOLDER("user_ns_nested", hold_nested_user);
NAP_GUEST_HOLDER("user_ns_kept", hold_kept_user);
NAP_GUEST_HOLDER("user_ns_owner", hold_own<CLONE_NEWUSER | CLONE_NEWUTS>);
NAP_GUEST_HOLDER("net_ns", hold_own<CLONE_NEWNET>);
NAP_GUEST_HOLDER("cgroup_ns", hold_own<CLONE_NEWCGROUP>);
NAP_GUEST_HOLDER("pid_ns", hold_childs_own<CLONE_NEWPID>);
NAP_GUEST_HOLDER("pid_ns_empty", hold_own<CLONE_NEWPID>);
NAP_GUEST_HOLDER("time_ns", hold_childs_own<CLONE_NEWTIME>);
NAP_GUEST_HOLDER("time_ns_empty", hold_own<CLONE_NEWTIME>);
NAP_GUEST_HOLDER("thread_net_ns", hold_threads_own<CLONE_NEWNET>);
NAP_GUEST_HOLDER("thread_uts_ns", hold_threads_own<CLONE_NEWUTS>);
NAP_GUEST_HOLDER("thread_files", hold_threads_own<CLONE_FILES>);
NAP_GUEST_HOLDER("thread_fs", hold_threads_own<CLONE_FS>);

}  // namespace
}  // namespace guest
