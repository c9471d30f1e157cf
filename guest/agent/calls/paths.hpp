// SPDX-License-Identifier: GPL-2.0-only
// Paths: where things lie in the agent's own root (a tmpfs), the same in every generation.
#pragma once

namespace nap::agent {

inline constexpr const char* kModuleList = "/nap/modules.list";  // a path per line, in load order
inline constexpr const char* kAdoptionModule = "/nap/nap.ko";
inline constexpr const char* kAdoptionDevice = "/dev/nap";
inline constexpr const char* kCriu = "/nap/criu";
inline constexpr const char* kRunDirectory = "/run/nap";
inline constexpr const char* kCriuFolder = "/run/nap/criu";
inline constexpr const char* kCriuLog = "/run/nap/criu/logs/criu.log";
inline constexpr const char* kRoot = "/run/nap/root";  // the machine's root file system
inline constexpr const char* kNetworkNamespace = "/run/netns/machine";
inline constexpr const char* kRootCgroup = "/sys/fs/cgroup";
inline constexpr const char* kCgroup =
    "/sys/fs/cgroup/userland";  // frozen as a whole; holds no process itself
inline constexpr const char* kMachineCgroup = "/sys/fs/cgroup/userland/machine";  // the machine's root group
inline constexpr const char* kExecCgroup =
    "/sys/fs/cgroup/userland/machine/nap-exec";                               // while a command runs
inline constexpr const char* kCgroupNamespace = "/run/nap/cgroup-namespace";  // its root: the machine's
inline constexpr const char* kUserlandGroup = "/userland";  // the same, as /proc/PID/cgroup names it
inline constexpr const char* kPortName = "org.nap.agent";
inline constexpr const char* kDiskSerial = "nap-root";

}  // namespace nap::agent
