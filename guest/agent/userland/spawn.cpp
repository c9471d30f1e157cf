// SPDX-License-Identifier: GPL-2.0-only
#include "agent/userland/spawn.hpp"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "agent/calls/paths.hpp"
#include "agent/freezing/freeze.hpp"
#include "agent/userland/namespaces.hpp"
#include "agent/userland/tasks.hpp"

namespace nap::agent {

namespace {

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> list;
    list.reserve(texts.size() + 1);
    for (const auto& text : texts) list.push_back(const_cast<char*>(text.c_str()));
    list.push_back(nullptr);
    return list;
}

[[noreturn]] void become(char** argv, char** environment, const Terminal& terminal, int cgroup, int init) {
    if (::write(cgroup, "0", 1) != 1) ::_exit(126);
    // A process with one thread only may join a time namespace; a restored userland has one, and what a
    // command leaves behind in it must not differ from the rest at the next dump.
    (void)::setns(init, CLONE_NEWTIME);
    ::setsid();
    if (terminal.tty) ::ioctl(terminal.child_input.get(), TIOCSCTTY, 0);
    ::dup2(terminal.child_input.get(), 0);
    ::dup2(terminal.child_output.get(), 1);
    ::dup2(terminal.child_errors.get(), 2);
    ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    for (int number = 1; number < NSIG; ++number) std::signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    environ = environment;  // execvp() looks for the command in its PATH
    ::execvp(argv[0], argv);
    const int error = errno;
    ::dprintf(2, "nap: cannot execute %s: %s\n", argv[0], std::strerror(error));
    ::_exit(error == ENOENT ? 127 : 126);
}

}  // namespace

Result<Spawned> spawn_in_userland(const std::vector<std::string>& argv,
                                  const std::vector<std::string>& environment, bool tty, std::uint64_t rows,
                                  std::uint64_t cols) {
    const auto init = find_init();
    if (!init) return fail(ErrorKind::not_found, "the userland does not run");
    NAP_TRY(const bool is_frozen, frozen());
    if (is_frozen) return fail(ErrorKind::busy, "the userland is frozen, an update is under way");
    // Not in the root group, where no process may be once init has given controllers to groups below
    if (::mkdir(kExecCgroup, 0755) != 0 && errno != EEXIST)
        return fail_errno("cannot make the control group of commands");
    NAP_TRY(UniqueFd cgroup, open_file(std::string(kExecCgroup) + "/cgroup.procs", O_WRONLY));
    const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, init->host_pid, 0)));
    if (!process) return fail_errno("cannot open the userland's init");
    auto arguments = pointers(argv), variables = pointers(environment);
    Spawned spawned;
    const auto forked = in_own_thread([&]() -> Result<> {
        NAP_CHECK(join_namespaces(init->host_pid, CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS |
                                                      CLONE_NEWNET | CLONE_NEWCGROUP));
        NAP_TRY(spawned.terminal, tty ? Terminal::open_pty(rows, cols) : Terminal::open_pipes());
        spawned.host_pid = ::fork();
        if (spawned.host_pid < 0) return fail_errno("cannot fork into the userland");
        if (spawned.host_pid == 0)
            become(arguments.data(), variables.data(), spawned.terminal, cgroup.get(), process.get());
        return {};
    });
    NAP_CHECK(forked);
    spawned.terminal.close_child();
    spawned.pidfd.reset(static_cast<int>(::syscall(SYS_pidfd_open, spawned.host_pid, 0)));
    return spawned;
}

}  // namespace nap::agent
