// SPDX-License-Identifier: GPL-2.0-only
// Mounts of file systems that every kernel has, in mount namespaces of their own.
#include <sched.h>
#include <sys/mount.h>

#include <filesystem>

#include "files/mounted.hpp"
#include "harness.hpp"

namespace guest {
namespace {

template <const char* const& kType>
void hold_mount() {
    mounted(kType);
}

constexpr const char *kMqueue = "mqueue", *kDebugfs = "debugfs", *kTracefs = "tracefs",
                     *kSecurityfs = "securityfs", *kProc = "proc", *kSysfs = "sysfs", *kTmpfs = "tmpfs",
                     *kDevtmpfs = "devtmpfs", *kPstore = "pstore", *kDevpts = "devpts";

NAP_GUEST_HOLDER("mount_mqueue", hold_mount<kMqueue>);
NAP_GUEST_HOLDER("mount_debugfs", hold_mount<kDebugfs>);
NAP_GUEST_HOLDER("mount_tracefs", hold_mount<kTracefs>);
NAP_GUEST_HOLDER("mount_securityfs", hold_mount<kSecurityfs>);
NAP_GUEST_HOLDER("mount_proc", hold_mount<kProc>);
NAP_GUEST_HOLDER("mount_sysfs", hold_mount<kSysfs>);
NAP_GUEST_HOLDER("mount_tmpfs", hold_mount<kTmpfs>);
NAP_GUEST_HOLDER("mount_devtmpfs", hold_mount<kDevtmpfs>);
NAP_GUEST_HOLDER("mount_pstore", hold_mount<kPstore>);
NAP_GUEST_HOLDER("mount_devpts", hold_mount<kDevpts>);

}  // namespace
}  // namespace guest
