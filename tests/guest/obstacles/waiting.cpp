// SPDX-License-Identifier: GPL-2.0-only
// Watches of what cannot be found again, and message queues.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <unistd.h>

#include <csignal>

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

// A signal for changes in a directory; blocked, so that it ends nobody.
void hold_directory_signal() {
    sigset_t told;
    sigemptyset(&told);
    sigaddset(&told, SIGIO);
    check(sigprocmask(SIG_BLOCK, &told, nullptr), "sigprocmask");
    const int fd = static_cast<int>(check(open("/var/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open"));
    check(fcntl(fd, F_NOTIFY, DN_CREATE | DN_MULTISHOT), "fcntl F_NOTIFY");
}

// The clock is set, by a nanosecond, and the timer that is to tell of it is not read.
void hold_cancelled_timer() {
    const int fd = static_cast<int>(check(timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC), "timerfd_create"));
    const itimerspec later{{0, 0}, {4'000'000'000, 0}};
    check(timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &later, nullptr),
          "timerfd_settime");
    timex change{};
    change.modes = ADJ_SETOFFSET | ADJ_NANO;
    change.time.tv_usec = 1;
    check(adjtimex(&change), "adjtimex");
}

constexpr const char *kProc = "/proc", *kSys = "/sys/kernel", *kPts = "/dev/pts";

NAP_GUEST_HOLDER("watch_proc", hold_watch<kProc>);
NAP_GUEST_HOLDER("watch_sys", hold_watch<kSys>);
NAP_GUEST_HOLDER("watch_pts", hold_watch<kPts>);
NAP_GUEST_HOLDER("dnotify", hold_directory_signal);
NAP_GUEST_HOLDER("cancelled_timer", hold_cancelled_timer);
NAP_GUEST_HOLDER("epoll_closed", hold_epoll_of_closed);

}  // namespace
}  // namespace guest
