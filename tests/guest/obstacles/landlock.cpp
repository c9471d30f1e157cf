// SPDX-License-Identifier: GPL-2.0-only
// Landlock rules in force: for a process, and for one of its threads.
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <semaphore>
#include <thread>

#include "child.hpp"
#include "harness.hpp"

namespace guest {
namespace {

void restrict_self() {
    landlock_ruleset_attr attributes{};
    attributes.handled_access_fs = LANDLOCK_ACCESS_FS_MAKE_BLOCK;
    const int rules = static_cast<int>(check(
        syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0), "landlock_create_ruleset"));
    check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
    check(syscall(SYS_landlock_restrict_self, rules, 0), "landlock_restrict_self");
    check(close(rules), "close");
}

void restrict_thread() {
    static std::binary_semaphore done{0};
    std::thread([] {
        restrict_self();
        done.release();
        sleep_for_ever();
    }).detach();
    done.acquire();
}

NAP_GUEST_HOLDER("landlock_rules", restrict_self);
NAP_GUEST_HOLDER("landlock_thread", restrict_thread);

}  // namespace
}  // namespace guest
