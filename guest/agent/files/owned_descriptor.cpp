// SPDX-License-Identifier: GPL-2.0-only
#include "agent/files/owned_descriptor.hpp"

#include <sys/syscall.h>
#include <unistd.h>

namespace nap::agent {

Result<UniqueFd> owned_descriptor(const channel::Json& captured, const HostPids& pids) {
    const auto host_pid = pids.find(captured.at("pid").get<pid_t>());
    if (host_pid == pids.end()) return fail(ErrorKind::guest, "its process was not recreated");
    const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, host_pid->second, 0)));
    if (!process) return fail_errno("cannot open its process");
    UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), captured.at("fd").get<int>(), 0)));
    if (!fd) return fail_errno("cannot take its descriptor");
    return fd;
}

}  // namespace nap::agent
