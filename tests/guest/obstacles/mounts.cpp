// SPDX-License-Identifier: GPL-2.0-only
// Mounts that cannot be made again, and open files that no path leads to.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>

#include "files/mounted.hpp"
#include "harness.hpp"

namespace guest {
namespace {

int open_file(const std::string& path, int flags) {
    return static_cast<int>(check(open(path.c_str(), flags | O_CLOEXEC, 0600), "open " + path));
}

// A file whose mount is gone from the tree.
void hold_detached_mount() {
    const std::string path = mounted("tmpfs");
    open_file(path + "/file", O_RDWR | O_CREAT);
    check(umount2(path.c_str(), MNT_DETACH), "umount");
}

void hold_detached_cwd() {
    const std::string path = mounted("tmpfs");
    check(chdir(path.c_str()), "chdir");
    check(umount2(path.c_str(), MNT_DETACH), "umount");
}

// A file hidden by a later mount.
void hold_overmounted() {
    const std::string path = mounted("tmpfs");
    open_file(path + "/file", O_RDWR | O_CREAT);
    check(mount("tmpfs", path.c_str(), "tmpfs", 0, nullptr), "mount tmpfs");
}

void hold_bind_without_root() {
    const std::string path = mounted("tmpfs"), other = "/run/nap-test/other";
    std::filesystem::create_directories(path + "/below");
    std::filesystem::create_directories(other);
    check(mount((path + "/below").c_str(), other.c_str(), nullptr, MS_BIND, nullptr), "bind");
    check(umount2(path.c_str(), MNT_DETACH), "umount");
}

template <const char* const& kType>
void hold_mount() {
    std::filesystem::create_directories(mounted(kType) + "/something");
}

constexpr const char *kRamfs = "ramfs", *kHugetlbfs = "hugetlbfs", *kBpf = "bpf";

NAP_GUEST_HOLDER("detached_mount", hold_detached_mount);
NAP_GUEST_HOLDER("detached_cwd", hold_detached_cwd);
NAP_GUEST_HOLDER("overmounted", hold_overmounted);
NAP_GUEST_HOLDER("bind_rootless", hold_bind_without_root);
NAP_GUEST_HOLDER("mount_ramfs", hold_mount<kRamfs>);
NAP_GUEST_HOLDER("mount_hugetlbfs", hold_mount<kHugetlbfs>);
NAP_GUEST_HOLDER("mount_bpf", hold_mount<kBpf>);

}  // namespace
}  // namespace guest
