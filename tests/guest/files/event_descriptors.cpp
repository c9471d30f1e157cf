// SPDX-License-Identifier: GPL-2.0-only
// Descriptors that tell of events: epoll, eventfd, timerfd, signalfd, inotify.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <map>

#include "harness.hpp"

namespace guest {
namespace {

class Epoll : public State {
  public:
    void set_up() override {
        epoll_ = static_cast<int>(check(epoll_create1(EPOLL_CLOEXEC), "epoll_create1"));
        counter_ = static_cast<int>(check(eventfd(41, EFD_NONBLOCK), "eventfd"));
        semaphore_ = static_cast<int>(check(eventfd(3, EFD_NONBLOCK | EFD_SEMAPHORE), "eventfd"));
        check(pipe(quiet_.data()), "pipe");
        watch(counter_, EPOLLIN, 0x1111'2222'3333'4444);
        watch(semaphore_, EPOLLIN, 2);
        watch(quiet_[0], EPOLLIN, 3);
        watch(quiet_[1], EPOLLOUT | EPOLLONESHOT, 4);
        (void)events();  // the one-shot event is spent
    }
    void verify() override {
        const auto ready = events();
        require(ready.contains(0x1111'2222'3333'4444) && ready.contains(2),
                "a ready descriptor is not reported");
        require(!ready.contains(3), "an empty pipe is reported as readable");
        require(!ready.contains(4), "a spent one-shot event is reported again");
        require(take(counter_) == 41, "the eventfd's value changed");
        for (int i = 0; i < 3; ++i) require(take(semaphore_) == 1, "the eventfd is no semaphore any more");
        require(!events().contains(2), "the semaphore's value changed");
        add(counter_, 41);
        add(semaphore_, 3);
        write_exactly(quiet_[1], "x", "pipe");
        require(events().contains(3), "a written pipe is not reported");
        (void)read_exactly(quiet_[0], 1, "pipe");
    }
    void damage() override { add(counter_, 1); }

  private:
    void watch(int fd, std::uint32_t events, std::uint64_t name) const {
        epoll_event event{};
        event.events = events;
        event.data.u64 = name;
        check(epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
    }
    std::map<std::uint64_t, std::uint32_t> events() const {
        std::array<epoll_event, 8> ready{};
        const auto count = check(epoll_wait(epoll_, ready.data(), ready.size(), 0), "epoll_wait");
        std::map<std::uint64_t, std::uint32_t> named;
        for (long i = 0; i < count; ++i)
            named[ready[static_cast<std::size_t>(i)].data.u64] = ready[static_cast<std::size_t>(i)].events;
        return named;
    }
    static std::uint64_t take(int fd) {
        std::uint64_t value = 0;
        check(read(fd, &value, sizeof value), "read eventfd");
        return value;
    }
    static void add(int fd, std::uint64_t value) { check(write(fd, &value, sizeof value), "write eventfd"); }

    int epoll_ = -1, counter_ = -1, semaphore_ = -1;
    std::array<int, 2> quiet_{};
};

// A periodic timer nobody reads, one that is read, one far away, one at an absolute time, one not armed.
class Timerfd : public State {
  public:
    void set_up() override {
        unread_ = make({0, 50'000'000}, {0, 50'000'000}, 0);
        read_ = make({0, 40'000'000}, {0, 40'000'000}, 0);
        far_ = make({100'000, 0}, {0, 0}, 0);
        timespec now{};
        clock_gettime(CLOCK_MONOTONIC, &now);
        absolute_ = make({now.tv_sec + 100'000, 0}, {0, 0}, TFD_TIMER_ABSTIME);
        idle_ = make({0, 0}, {0, 0}, 0);
        started_ = now.tv_sec;
    }
    void verify() override {
        for (const int fd : {unread_, read_}) {
            require(expirations(fd) > 0, "a periodic timerfd is dead");
            require(expirations(fd) < 100, "a periodic timerfd expires too often");
        }
        require(check(fcntl(unread_, F_GETFL), "fcntl") & O_NONBLOCK, "a timerfd blocks now");
        timespec now{};
        clock_gettime(CLOCK_MONOTONIC, &now);
        const auto passed = now.tv_sec - started_;
        for (const int fd : {far_, absolute_}) {
            const auto left = remaining(fd);
            require(left > 100'000 - passed - 10 && left < 100'000 - passed + 10, "a timerfd expires in ",
                    left, " s, expected ", 100'000 - passed);
        }
        require(remaining(idle_) == 0, "a timerfd that was not armed is");
        sleep_ms(200);  // expires unread before the next question
    }
    void damage() override {
        const itimerspec off{};
        check(timerfd_settime(read_, 0, &off, nullptr), "timerfd_settime");
        (void)expirations(read_);
    }

  private:
    static int make(timespec first, timespec interval, int flags) {
        const int fd = static_cast<int>(
            check(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd_create"));
        const itimerspec setting{interval, first};
        check(timerfd_settime(fd, flags, &setting, nullptr), "timerfd_settime");
        return fd;
    }
    // Forgets what came before, then counts for half a second.
    static std::uint64_t expirations(int fd) {
        std::uint64_t count = 0;
        (void)!read(fd, &count, sizeof count);
        sleep_ms(500);
        count = 0;
        if (read(fd, &count, sizeof count) < 0) require(errno == EAGAIN, "read timerfd");
        return count;
    }
    static long remaining(int fd) {
        itimerspec setting{};
        check(timerfd_gettime(fd, &setting), "timerfd_gettime");
        return setting.it_value.tv_sec;
    }

    int unread_ = -1, read_ = -1, far_ = -1, absolute_ = -1, idle_ = -1;
    long started_ = 0;
};

class Signalfd : public State {
  public:
    void set_up() override {
        sigemptyset(&signals_);
        sigaddset(&signals_, SIGRTMIN + 3);
        sigprocmask(SIG_BLOCK, &signals_, nullptr);
        fd_ = static_cast<int>(check(signalfd(-1, &signals_, SFD_NONBLOCK | SFD_CLOEXEC), "signalfd"));
        queue(1);
        queue(2);
    }
    void verify() override {
        for (int value = 1; value <= 2; ++value) {
            signalfd_siginfo info{};
            require(read(fd_, &info, sizeof info) == sizeof info, "signal ", value, " is not there");
            require(info.ssi_signo == static_cast<std::uint32_t>(SIGRTMIN + 3) && info.ssi_int == value,
                    "another signal came: ", info.ssi_signo, " with ", info.ssi_int);
        }
        queue(1);
        queue(2);
    }
    void damage() override {
        signalfd_siginfo info{};
        check(read(fd_, &info, sizeof info), "read signalfd");
    }

  private:
    static void queue(int value) {
        check(sigqueue(getpid(), SIGRTMIN + 3, {.sival_int = value}), "sigqueue");
    }
    sigset_t signals_{};
    int fd_ = -1;
};

class Inotify : public State {
  public:
    void set_up() override {
        directory_ = disk_directory("inotify");
        write_text(directory_ + "/file", "x");
        fd_ = static_cast<int>(check(inotify_init1(IN_NONBLOCK | IN_CLOEXEC), "inotify_init1"));
        on_directory_ = static_cast<int>(
            check(inotify_add_watch(fd_, directory_.c_str(), IN_CREATE | IN_DELETE), "watch"));
        on_file_ = static_cast<int>(
            check(inotify_add_watch(fd_, (directory_ + "/file").c_str(), IN_MODIFY), "watch"));
    }
    void verify() override {
        drain();
        write_text(directory_ + "/new", "");
        expect(on_directory_, IN_CREATE);
        check(unlink((directory_ + "/new").c_str()), "unlink");
        expect(on_directory_, IN_DELETE);
        const int file =
            static_cast<int>(check(open((directory_ + "/file").c_str(), O_WRONLY | O_APPEND), "open"));
        write_exactly(file, "y", "file");
        close(file);
        expect(on_file_, IN_MODIFY);
    }
    void damage() override { check(inotify_rm_watch(fd_, on_file_), "inotify_rm_watch"); }

  private:
    void drain() const {
        char buffer[4096];
        while (read(fd_, buffer, sizeof buffer) > 0) {
        }
    }
    void expect(int watch, std::uint32_t mask) const {
        alignas(inotify_event) char buffer[4096];
        require(read(fd_, buffer, sizeof buffer) > 0, "no event came for watch ", watch);
        const auto* event = reinterpret_cast<const inotify_event*>(buffer);
        require(event->wd == watch && (event->mask & mask) != 0, "watch ", event->wd, " tells of ",
                event->mask, ", expected watch ", watch, " and ", mask);
    }
    std::string directory_;
    int fd_ = -1, on_directory_ = -1, on_file_ = -1;
};

NAP_GUEST_STATE("epoll", Epoll);
NAP_GUEST_STATE("timerfd", Timerfd);
NAP_GUEST_STATE("signalfd", Signalfd);
NAP_GUEST_STATE("inotify", Inotify);

}  // namespace
}  // namespace guest
