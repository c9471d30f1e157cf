// SPDX-License-Identifier: GPL-2.0-only
#include "namespaces/told.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "harness.hpp"

namespace guest {

namespace {

ino_t inode_at(const std::string& path) {
    struct stat information {};
    check(stat(path.c_str(), &information), "stat " + path);
    return information.st_ino;
}

}  // namespace

ino_t namespace_of(pid_t pid, const std::string& kind) {
    return inode_at("/proc/" + std::to_string(pid) + "/ns/" + kind);
}

std::vector<ino_t> namespaces_of_threads(pid_t pid, const std::string& kind) {
    std::vector<ino_t> all;
    for (const auto& thread : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task"))
        all.push_back(inode_at(thread.path().string() + "/ns/" + kind));
    return all;
}

ino_t namespace_behind(int fd) {
    struct stat information {};
    check(fstat(fd, &information), "fstat");
    return information.st_ino;
}

void enter_namespace(const std::string& path) {
    const int fd = static_cast<int>(check(open(path.c_str(), O_RDONLY | O_CLOEXEC), "open " + path));
    check(setns(fd, 0), "setns " + path);
    close(fd);
}

}  // namespace guest
