// SPDX-License-Identifier: GPL-2.0-only
#include "agent/carried/namespaces/new_user_namespace.hpp"

#include <fcntl.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>

#include "agent/userland/namespaces.hpp"

namespace nap::agent {

namespace {

using Stack = std::array<std::byte, 16 << 10>;

int wait_to_be_killed(void*) {
    for (;;) ::pause();
}

// By this thread's effective user, who keeps its capabilities. The child shares our memory, which is faster,
// and does nothing until it is killed.
Result<pid_t> start_inside(uid_t owner, Stack& stack) {
    if (::prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) != 0)
        return fail_errno("cannot keep the capabilities");
    if (::syscall(SYS_setresuid, -1, owner, -1) != 0) return fail_errno("cannot become its owner");
    const int child =
        ::clone(wait_to_be_killed, stack.data() + stack.size(), CLONE_VM | CLONE_NEWUSER | SIGCHLD, nullptr);
    if (child < 0) return fail_errno("cannot make a user namespace");
    return child;
}

Result<UniqueFd> set_up(const std::string& process, const UserNamespaceSettings& settings) {
    if (!settings.groups) NAP_CHECK(write_file(process + "/setgroups", "deny"));
    if (!settings.uid_map.empty()) NAP_CHECK(write_file(process + "/uid_map", settings.uid_map));
    if (!settings.gid_map.empty()) NAP_CHECK(write_file(process + "/gid_map", settings.gid_map));
    if (!settings.projid_map.empty()) NAP_CHECK(write_file(process + "/projid_map", settings.projid_map));
    return open_file(process + "/ns/user", O_RDONLY);
}

}  // namespace

Result<UniqueFd> make_user_namespace(const UserNamespaceSettings& settings) {
    UniqueFd made;
    NAP_CHECK(in_own_thread([&]() -> Result<> {
        alignas(16) Stack stack;
        NAP_TRY(const pid_t child, start_inside(settings.owner, stack));
        auto opened = set_up("/proc/" + std::to_string(child), settings);
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        if (!opened) return std::unexpected(opened.error());
        made = std::move(*opened);
        return {};
    }));
    return made;
}

}  // namespace nap::agent
