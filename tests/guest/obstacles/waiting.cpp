// SPDX-License-Identifier: GPL-2.0-only
// Watches of what cannot be found again, and message queues.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "child.hpp"
#include "harness.hpp"

namespace guest {
namespace {

template <const char* const& kPath>
void hold_watch() {
    const int fd = static_cast<int>(check(inotify_init1(IN_CLOEXEC), "inotify_init1"));
    check(inotify_add_watch(fd, kPath, IN_ALL_EVENTS), std::string("watch ") + kPath);
}

// The epoll still watches a file whose descriptor was closed, since another process has it open.
void hold_epoll_of_closed() {
    const int watched = static_cast<int>(check(eventfd(0, 0), "eventfd"));
    const int fd = static_cast<int>(check(epoll_create1(0), "epoll_create"));
    epoll_event event{.events = EPOLLIN, .data = {.fd = watched}};
    check(epoll_ctl(fd, EPOLL_CTL_ADD, watched, &event), "epoll_ctl");
    static const Child child([] { return [](const std::string&) { return std::string(); }; });
    close(watched);
}

constexpr const char *kProc = "/proc", *kSys = "/sys/kernel", *kPts = "/dev/pts";

NAP_GUEST_HOLDER("watch_proc", hold_watch<kProc>);
NAP_GUEST_HOLDER("watch_sys", hold_watch<kSys>);
NAP_GUEST_HOLDER("watch_pts", hold_watch<kPts>);
NAP_GUEST_HOLDER("epoll_closed", hold_epoll_of_closed);

}  // namespace
}  // namespace guest
