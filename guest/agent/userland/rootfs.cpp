// SPDX-License-Identifier: GPL-2.0-only
#include "agent/userland/rootfs.hpp"

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

namespace nap::agent {

namespace {

struct Mount {
    const char* target;  // relative to the new root
    const char* type;
    unsigned long flags;
    const char* options;
};
constexpr unsigned long kInert = MS_NOSUID | MS_NODEV | MS_NOEXEC;
constexpr std::array kMounts = {
    Mount{"proc", "proc", kInert, ""},
    Mount{"sys", "sysfs", kInert, ""},
    Mount{"sys/fs/cgroup", "cgroup2", kInert, ""},
    Mount{"dev", "devtmpfs", MS_NOSUID, "mode=755"},
    Mount{"run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755"},
};
constexpr std::array kBelowDev = {
    Mount{"dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620,gid=5"},
    Mount{"dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777"},
};

struct Symlink {
    const char *path, *target;
};
constexpr std::array kSymlinks = {
    Symlink{"dev/fd", "/proc/self/fd"},
    Symlink{"dev/stdin", "/proc/self/fd/0"},
    Symlink{"dev/stdout", "/proc/self/fd/1"},
    Symlink{"dev/stderr", "/proc/self/fd/2"},
};

Result<> mount_all(const auto& mounts) {
    for (const Mount& at : mounts) {
        if (::mkdir(at.target, 0755) != 0 && errno != EEXIST)
            return fail_errno(std::string("cannot make /") + at.target + " on the root file system");
        if (::mount(at.type, at.target, at.type, at.flags, at.options) != 0)
            return fail_errno(std::string("cannot mount ") + at.type + " at /" + at.target);
    }
    return {};
}

// The kernel makes the nodes; these it leaves to others.
Result<> make_links() {
    for (const Symlink& link : kSymlinks)
        if (::symlink(link.target, link.path) != 0 && errno != EEXIST)
            return fail_errno(std::string("cannot make /") + link.path);
    return {};
}

// The old root is stacked under the new one at "/" and taken away there: no folder is needed to put it in.
Result<> pivot() {
    if (::syscall(SYS_pivot_root, ".", ".") != 0) return fail_errno("cannot pivot to the root file system");
    if (::umount2(".", MNT_DETACH) != 0) return fail_errno("cannot leave the agent's root");
    if (::chdir("/") != 0) return fail_errno("cannot enter the root file system");
    return {};
}

}  // namespace

Result<> enter_root(const char* root) {
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
        return fail_errno("cannot make the mounts private");
    if (::mount(root, root, nullptr, MS_BIND, nullptr) != 0 || ::chdir(root) != 0)
        return fail_errno(std::string("cannot bind ") + root);
    NAP_CHECK(mount_all(kMounts));
    NAP_CHECK(make_links());
    NAP_CHECK(mount_all(kBelowDev));
    return pivot();
}

}  // namespace nap::agent
