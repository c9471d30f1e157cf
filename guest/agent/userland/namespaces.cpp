// SPDX-License-Identifier: GPL-2.0-only
#include "agent/userland/namespaces.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <exception>
#include <filesystem>
#include <string>
#include <thread>

#include "agent/calls/paths.hpp"
#include "base/fd.hpp"

namespace nap::agent {

namespace fs = std::filesystem;

Result<> in_own_thread(const std::function<Result<>()>& work) {
    Result<> outcome;
    std::thread([&] {
        try {
            outcome = work();
        } catch (const std::exception& error) {
            outcome = fail(ErrorKind::internal, error.what());
        }
    }).join();
    return outcome;
}

Result<> in_machine_network(const std::function<Result<>()>& work) {
    return in_own_thread([&]() -> Result<> {
        NAP_TRY(UniqueFd network, open_file(kNetworkNamespace, O_RDONLY));
        if (::setns(network.get(), CLONE_NEWNET) != 0)
            return fail_errno("cannot join the machine's network namespace");
        return work();
    });
}

Result<> join_namespaces(pid_t host_pid, int namespaces) {
    UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, host_pid, 0)));
    if (!process) return fail_errno("cannot open the userland's init");
    // A thread shares root and working directory with the others until it asks for its own.
    if (::unshare(CLONE_FS) != 0) return fail_errno("cannot unshare the working directory");
    if (::setns(process.get(), namespaces) != 0) return fail_errno("cannot join the userland's namespaces");
    return {};
}

// A process with a namespace of its own, since a group is joined by whole processes.
Result<> make_cgroup_namespace() {
    NAP_TRY(const UniqueFd place, open_file(kCgroupNamespace, O_RDONLY | O_CREAT));
    NAP_TRY(const UniqueFd members, open_file(std::string(kMachineCgroup) + "/cgroup.procs", O_WRONLY));
    const pid_t child = ::fork();
    if (child < 0) return fail_errno("cannot fork");
    if (child == 0) {
        const bool made = ::write(members.get(), "0", 1) == 1 && ::unshare(CLONE_NEWCGROUP) == 0 &&
                          ::mount("/proc/self/ns/cgroup", kCgroupNamespace, nullptr, MS_BIND, nullptr) == 0;
        ::_exit(made ? 0 : errno);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (!WIFEXITED(status)) return fail(ErrorKind::guest, "making a control group namespace did not end");
    if (WEXITSTATUS(status) != 0)
        return fail_errno("cannot make a control group namespace", WEXITSTATUS(status));
    return {};
}

Result<> make_network_namespace() {
    struct statfs information {};
    if (::statfs(kNetworkNamespace, &information) == 0 && information.f_type == NSFS_MAGIC) return {};
    std::error_code ignored;
    fs::create_directories(fs::path(kNetworkNamespace).parent_path(), ignored);
    NAP_TRY(UniqueFd place, open_file(kNetworkNamespace, O_RDONLY | O_CREAT));
    return in_own_thread([]() -> Result<> {
        if (::unshare(CLONE_NEWNET) != 0) return fail_errno("cannot make a network namespace");
        if (::mount("/proc/thread-self/ns/net", kNetworkNamespace, nullptr, MS_BIND, nullptr) != 0)
            return fail_errno(std::string("cannot keep the network namespace at ") + kNetworkNamespace);
        return {};
    });
}

Result<ino_t> network_namespace_inode() {
    struct stat information {};
    if (::stat(kNetworkNamespace, &information) != 0)
        return fail_errno("cannot find the machine's network namespace; was `network` called?");
    return information.st_ino;
}

}  // namespace nap::agent
