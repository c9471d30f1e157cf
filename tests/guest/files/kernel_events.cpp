// SPDX-License-Identifier: GPL-2.0-only
// Descriptors that tell of the kernel: pressure triggers, clocks that are set, namespaces; and how epoll has
// been asked to tell.
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <set>

#include "harness.hpp"

namespace guest {
namespace {

class Pressure : public State {
  public:
    void set_up() override {
        fd_ = static_cast<int>(check(open("/proc/pressure/memory", O_RDWR | O_NONBLOCK | O_CLOEXEC), "open"));
        write_exactly(fd_, std::string("some 150000 2000000\0", 20), "/proc/pressure/memory");
    }
    void verify() override {
        pollfd pressure{fd_, POLLPRI, 0};
        check(poll(&pressure, 1, 0), "poll");
        require((pressure.revents & POLLERR) == 0, "the trigger is gone");
    }
    void damage() override {
        const int other = static_cast<int>(check(open("/proc/pressure/memory", O_RDWR | O_CLOEXEC), "open"));
        check(dup3(other, fd_, O_CLOEXEC), "dup3");
    }

  private:
    int fd_ = -1;
};

std::string fdinfo_line(int fd, const std::string& key) {
    std::istringstream lines(read_text("/proc/self/fdinfo/" + std::to_string(fd)));
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(key)) return line;
    return "";
}

class ClockTimers : public State {
  public:
    void set_up() override {
        timespec now{};
        clock_gettime(CLOCK_REALTIME, &now);
        const itimerspec later{{0, 0}, {now.tv_sec + 500'000, 0}}, in{{7, 0}, {400'000, 0}};
        cancelled_ = make(CLOCK_REALTIME, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, later);
        boot_ = make(CLOCK_BOOTTIME, 0, in);
        flags_ = shown();
        ahead_ = realtime_ahead();
    }
    void verify() override {
        require(shown() == flags_, "they show", shown(), ", not", flags_);
        pollfd told{cancelled_, POLLIN, 0};
        check(poll(&told, 1, 0), "poll");
        const auto by = realtime_ahead() - ahead_;
        if (told.revents == 0) return;
        // An update that was undone sets the clock, which has stood still.
        require(by > kSet || by < -kSet, "a timer is told that the clock was set");
        std::uint64_t expiries = 0;
        require(read(cancelled_, &expiries, sizeof expiries) < 0 && errno == ECANCELED,
                "a timer expired when the clock was set");
        ahead_ += by;
    }
    void damage() override {
        const itimerspec off{};
        check(timerfd_settime(cancelled_, 0, &off, nullptr), "timerfd_settime");
    }

  private:
    static int make(clockid_t clock, int flags, const itimerspec& time) {
        const int fd = static_cast<int>(check(timerfd_create(clock, TFD_CLOEXEC), "timerfd_create"));
        check(timerfd_settime(fd, flags, &time, nullptr), "timerfd_settime");
        return fd;
    }
    [[nodiscard]] std::string shown() const {
        std::string text;
        for (const int fd : {cancelled_, boot_})
            for (const char* key : {"clockid", "settime flags", "it_interval"})
                text += " " + fdinfo_line(fd, key);
        return text;
    }

    static long realtime_ahead() {  // of the monotonic clock, ns
        timespec realtime{}, monotonic{};
        clock_gettime(CLOCK_REALTIME, &realtime);
        clock_gettime(CLOCK_MONOTONIC, &monotonic);
        return (realtime.tv_sec - monotonic.tv_sec) * 1'000'000'000 + realtime.tv_nsec - monotonic.tv_nsec;
    }
    static constexpr long kSet = 1'000'000;  // ns

    int cancelled_ = -1, boot_ = -1;
    long ahead_ = 0;
    std::string flags_;
};

// Told once until something happens; by one of several epolls.
class Edges : public State {
  public:
    void set_up() override {
        epoll_ = static_cast<int>(check(epoll_create1(EPOLL_CLOEXEC), "epoll_create1"));
        check(pipe(edge_.data()), "pipe");
        check(pipe(exclusive_.data()), "pipe");
        add(edge_[0], EPOLLIN | EPOLLET | EPOLLRDHUP | EPOLLPRI, 1);
        add(exclusive_[0], EPOLLIN | EPOLLEXCLUSIVE, 2);
        write_exactly(edge_[1], "x", "pipe");
        require(events() == 1, "an edge is not told");
        targets_ = targets();
    }
    void verify() override {
        require(targets() == targets_, "targets ", targets_, " became ", targets());
        // The kernel may tell an edge again, and does when a descriptor is added.
        (void)events();
        require(events() == 0, "an edge is told again and again");
        write_exactly(edge_[1], "x", "pipe");
        require(events() == 1, "an edge is not told");
        write_exactly(exclusive_[1], "x", "pipe");
        require(events() == 2, "a level is not told");
        (void)read_exactly(exclusive_[0], 1, "pipe");
    }
    void damage() override { check(epoll_ctl(epoll_, EPOLL_CTL_DEL, edge_[0], nullptr), "epoll_ctl"); }

  private:
    void add(int fd, std::uint32_t events, std::uint64_t name) const {
        epoll_event event{};
        event.events = events;
        event.data.u64 = name;
        check(epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
    }
    std::uint64_t events() const {
        std::array<epoll_event, 4> ready{};
        const auto count = check(epoll_wait(epoll_, ready.data(), ready.size(), 0), "epoll_wait");
        std::uint64_t all = 0;
        for (long i = 0; i < count; ++i) all += ready[static_cast<std::size_t>(i)].data.u64;
        return all;
    }
    [[nodiscard]] std::string targets() const {
        std::istringstream lines(read_text("/proc/self/fdinfo/" + std::to_string(epoll_)));
        std::set<std::string> found;
        for (std::string line; std::getline(lines, line);)
            if (line.starts_with("tfd:")) found.insert(line.substr(0, line.find("pos:")));
        std::string text;  // the kernel tells them in any order
        for (const auto& line : found) text += line + ";";
        return text;
    }

    int epoll_ = -1;
    std::array<int, 2> edge_{}, exclusive_{};
    std::string targets_;
};

// Descriptors of the machine's own namespaces.
class Namespaces : public State {
  public:
    void set_up() override {
        for (const char* kind : {"net", "mnt", "pid", "uts", "ipc", "cgroup", "user"})
            fds_.at(count_++) = static_cast<int>(
                check(open((std::string("/proc/self/ns/") + kind).c_str(), O_RDONLY | O_CLOEXEC), kind));
    }
    void verify() override {
        std::size_t i = 0;
        for (const char* kind : {"net", "mnt", "pid", "uts", "ipc", "cgroup", "user"}) {
            struct stat open {
            }, own{};
            check(fstat(fds_.at(i++), &open), "fstat");
            check(stat((std::string("/proc/self/ns/") + kind).c_str(), &own), "stat");
            require(open.st_ino == own.st_ino, "a descriptor of the ", kind, " namespace is another's");
        }
    }
    void damage() override {
        const int other = static_cast<int>(check(open("/dev/null", O_RDONLY | O_CLOEXEC), "open"));
        check(dup3(other, fds_[0], O_CLOEXEC), "dup3");
    }

  private:
    std::array<int, 7> fds_{};
    std::size_t count_ = 0;
};

NAP_GUEST_STATE("pressure", Pressure);
NAP_GUEST_STATE("timerfd_clocks", ClockTimers);
NAP_GUEST_STATE("epoll_edges", Edges);
NAP_GUEST_STATE("namespace_descriptors", Namespaces);

}  // namespace
}  // namespace guest
