// SPDX-License-Identifier: GPL-2.0-only
// The listener of a seccomp filter: calls of the filtered process are decided by its holder.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness.hpp"

namespace guest {
namespace {

void hold_seccomp_listener() {
    sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    sock_fprog filter{1, &allow};
    check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
    check(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter),
          "seccomp with a listener");
}

NAP_GUEST_HOLDER("seccomp_listen", hold_seccomp_listener);

}  // namespace
}  // namespace guest
