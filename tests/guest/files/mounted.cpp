// SPDX-License-Identifier: GPL-2.0-only
#include "files/mounted.hpp"

#include <sched.h>
#include <sys/mount.h>

#include <filesystem>

#include "harness.hpp"

namespace guest {

std::string mounted(const char* type) {
    const std::string path = "/run/nap-test/mount";
    check(unshare(CLONE_NEWNS), "unshare");
    check(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "make mounts private");
    std::filesystem::create_directories(path);
    check(mount(type, path.c_str(), type, 0, nullptr), std::string("mount ") + type);
    return path;
}

}  // namespace guest
