// SPDX-License-Identifier: GPL-2.0-only
#include "agent/userland/namespaces.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
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
