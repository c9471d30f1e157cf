// SPDX-License-Identifier: GPL-2.0-only
// What inotify descriptors hold unread: in order, whole, and nothing else; and what is left of their watches.
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <vector>

#include "harness.hpp"

namespace guest {
namespace {

struct Event {
    int wd;
    std::uint32_t mask, cookie;
    std::string name;
};

std::vector<Event> read_events(int fd) {
    std::vector<Event> events;
    alignas(inotify_event) char buffer[16384];
    ssize_t size = 0;
    while ((size = read(fd, buffer, sizeof buffer)) > 0)
        for (ssize_t at = 0; at < size;) {
            const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
            events.push_back({event->wd, event->mask, event->cookie, event->len > 0 ? event->name : ""});
            at += static_cast<ssize_t>(sizeof *event + event->len);
        }
    require(size < 0 && errno == EAGAIN, "reading inotify ended with ", size);
    return events;
}

int make_inotify() {
    return static_cast<int>(check(inotify_init1(IN_NONBLOCK | IN_CLOEXEC), "inotify_init1"));
}

int watch(int fd, const std::string& path, std::uint32_t mask) {
    return static_cast<int>(check(inotify_add_watch(fd, path.c_str(), mask), "inotify_add_watch"));
}

// Files and folders come, change and go; the watch of one goes with it. Cookies pair the halves of a rename.
class Queue : public State {
  public:
    void set_up() override {
        folder_ = disk_directory("inotify_queue");
        fd_ = make_inotify();
        watch_ = watch(fd_, folder_, IN_ALL_EVENTS);
        last_ = watch_;
        cause();
        expected_ = told(read_events(fd_));
        cause();
    }
    void verify() override {
        const std::string now = told(read_events(fd_));
        require(now == expected_, "told is", now, "; expected is", expected_);
        cause();
    }
    void damage() override { write_text(folder_ + "/more", ""); }

  private:
    void cause() {
        const std::string sub = folder_ + "/sub", a = folder_ + "/a", b = folder_ + "/\xffname of b";
        write_text(a, "text");
        check(rename(a.c_str(), b.c_str()), "rename");
        check(mkdir(sub.c_str(), 0700), "mkdir");
        const int wd = watch(fd_, sub, IN_ALL_EVENTS);
        require(wd == last_ + 1, "watch ", wd, " came after ", last_);
        last_ = wd;
        check(rmdir(sub.c_str()), "rmdir");
        check(unlink(b.c_str()), "unlink");
    }
    [[nodiscard]] std::string told(const std::vector<Event>& events) const {
        std::ostringstream text;
        std::uint32_t from = 0;
        for (const auto& [wd, mask, cookie, name] : events) {
            text << (wd == watch_  ? " folder "
                     : wd == last_ ? " sub "
                                   : " other ")
                 << std::hex << mask << " " << name;
            if (mask & IN_MOVED_FROM) from = cookie;
            if (mask & IN_MOVED_TO) text << (cookie == from && from != 0 ? "(paired)" : "(alone)");
        }
        return text.str();
    }

    std::string folder_, expected_;
    int fd_ = -1, watch_ = -1, last_ = -1;
};

// A queue that took no more: it says so, last, and takes no more than before once it was read.
class Overflow : public State {
  public:
    void set_up() override {
        const std::string limit = "/proc/sys/fs/inotify/max_queued_events", before = read_text(limit);
        write_text(limit, "4");
        fd_ = make_inotify();
        write_text(limit, before);
        folder_ = disk_directory("inotify_overflow");
        watch(fd_, folder_, IN_CREATE);
        cause();
    }
    void verify() override {
        const auto events = read_events(fd_);
        require(events.size() == 5, events.size(), " events are told, not 5");
        for (int i = 0; i < 4; ++i)
            require(events[static_cast<std::size_t>(i)].name == std::to_string(i), "an event is another");
        require(events[4].mask == IN_Q_OVERFLOW && events[4].wd == -1, "the overflow is not told");
        cause();
    }
    void damage() override { read_events(fd_); }

  private:
    void cause() const {
        for (int i = 0; i < 6; ++i) {
            write_text(folder_ + "/" + std::to_string(i), "");
            check(unlink((folder_ + "/" + std::to_string(i)).c_str()), "unlink");
        }
    }

    std::string folder_;
    int fd_ = -1;
};

// A watch that ends with its first event.
class Once : public State {
  public:
    void set_up() override {
        folder_ = disk_directory("inotify_once");
        fd_ = make_inotify();
        watch(fd_, folder_, IN_CREATE | IN_OPEN | IN_ONESHOT);
    }
    void verify() override {
        require(read_events(fd_).empty(), "an event is told that nobody caused");
        write_text(folder_ + "/a", "");
        check(unlink((folder_ + "/a").c_str()), "unlink");
        const auto events = read_events(fd_);
        require(events.size() == 2, events.size(), " events are told of a watch for one");
        require((events[0].mask & IN_CREATE) != 0 && (events[1].mask & IN_IGNORED) != 0, "others are told");
        watch(fd_, folder_, IN_CREATE | IN_OPEN | IN_ONESHOT);
    }
    void damage() override { watch(fd_, folder_, IN_CREATE); }

  private:
    std::string folder_;
    int fd_ = -1;
};

NAP_GUEST_STATE("inotify_queue", Queue);
NAP_GUEST_STATE("inotify_overflow", Overflow);
NAP_GUEST_STATE("inotify_once", Once);

}  // namespace
}  // namespace guest
