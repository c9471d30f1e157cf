// SPDX-License-Identifier: GPL-2.0-only
// Watches, descriptors of processes, and an epoll whose target got another number.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child.hpp"
#include "harness.hpp"

namespace guest {
namespace {

int open_file(const std::string& path, int flags) {
    return static_cast<int>(check(open(path.c_str(), flags | O_CLOEXEC, 0600), "open " + path));
}

template <const char* const& kPath>
void hold_watch() {
    const int fd = static_cast<int>(check(inotify_init1(IN_CLOEXEC), "inotify_init1"));
    check(inotify_add_watch(fd, kPath, IN_ALL_EVENTS), std::string("watch ") + kPath);
}

void hold_deleted_watch() {
    const std::string path = disk_directory("watch") + "/file";
    const int file = open_file(path, O_RDWR | O_CREAT);
    (void)file;
    const int fd = static_cast<int>(check(inotify_init1(IN_CLOEXEC), "inotify_init1"));
    check(inotify_add_watch(fd, path.c_str(), IN_MODIFY), "watch " + path);
    check(unlink(path.c_str()), "unlink");
}

void hold_fanotify() {
    const int fd = static_cast<int>(check(fanotify_init(FAN_CLASS_NOTIF, O_RDONLY), "fanotify_init"));
    check(fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_OPEN, AT_FDCWD, "/run"), "fanotify_mark");
}

void hold_fanotify_file() {
    const int fd = static_cast<int>(check(fanotify_init(FAN_CLASS_NOTIF, O_RDONLY), "fanotify_init"));
    check(fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, "/etc/passwd"), "fanotify_mark");
}

void hold_fanotify_fs() {
    const int fd =
        static_cast<int>(check(fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID, O_RDONLY), "fanotify_init"));
    check(fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_CREATE | FAN_ONDIR, AT_FDCWD, "/run"),
          "fanotify_mark");
}

void hold_pidfd() {
    static const Child child([] { return [](const std::string&) { return std::string(); }; });
    check(syscall(SYS_pidfd_open, child.pid(), 0), "pidfd_open");
}

void hold_pidfd_of_the_dead() {
    const Child child([] { return [](const std::string&) { return std::string(); }; });
    check(syscall(SYS_pidfd_open, child.pid(), 0), "pidfd_open");
}

void hold_epoll_of_moved() {
    const int watched = static_cast<int>(check(eventfd(0, 0), "eventfd"));
    const int fd = static_cast<int>(check(epoll_create1(0), "epoll_create"));
    epoll_event event{.events = EPOLLIN, .data = {.fd = watched}};
    check(epoll_ctl(fd, EPOLL_CTL_ADD, watched, &event), "epoll_ctl");
    check(dup(watched), "dup");
    close(watched);
}

constexpr const char *kTmpfs = "/dev/shm", *kCgroup = "/sys/fs/cgroup";

NAP_GUEST_HOLDER("watch_tmpfs", hold_watch<kTmpfs>);
NAP_GUEST_HOLDER("watch_cgroup", hold_watch<kCgroup>);
NAP_GUEST_HOLDER("watch_deleted", hold_deleted_watch);
NAP_GUEST_HOLDER("fanotify_mount", hold_fanotify);
NAP_GUEST_HOLDER("fanotify_file", hold_fanotify_file);
NAP_GUEST_HOLDER("fanotify_fs", hold_fanotify_fs);
NAP_GUEST_HOLDER("pidfd", hold_pidfd);
NAP_GUEST_HOLDER("pidfd_dead", hold_pidfd_of_the_dead);
NAP_GUEST_HOLDER("epoll_moved", hold_epoll_of_moved);

}  // namespace
}  // namespace guest
