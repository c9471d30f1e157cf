// SPDX-License-Identifier: GPL-2.0-only
// What fcntl(2) has set on descriptors and files: owners and signals, leases, hints, notification of changes.
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "harness.hpp"

namespace guest {
namespace {

int open_in(const std::string& kind, int flags) {
    const std::string path = disk_directory(kind) + "/file";
    return static_cast<int>(check(open(path.c_str(), flags | O_CREAT | O_CLOEXEC, 0600), "open " + path));
}

volatile int signalled_fd = -1;
void on_ready(int, siginfo_t* info, void*) {
    signalled_fd = info->si_fd;
}

// A signal of choice for a thread, when a descriptor is ready.
class Owner : public State {
  public:
    void set_up() override {
        struct sigaction action {};
        action.sa_sigaction = on_ready;
        action.sa_flags = SA_SIGINFO | SA_RESTART;
        check(sigaction(SIGRTMIN + 6, &action, nullptr), "sigaction");
        check(pipe(ends_.data()), "pipe");
        f_owner_ex owner{F_OWNER_TID, static_cast<pid_t>(syscall(SYS_gettid))};
        check(fcntl(ends_[0], F_SETOWN_EX, &owner), "F_SETOWN_EX");
        check(fcntl(ends_[0], F_SETSIG, SIGRTMIN + 6), "F_SETSIG");
        check(fcntl(ends_[0], F_SETFL, O_ASYNC | O_NONBLOCK), "F_SETFL");
        group_ = open_in("owner", O_RDWR);
        check(fcntl(group_, F_SETOWN, -getpgrp()), "F_SETOWN");
    }
    void verify() override {
        f_owner_ex owner{};
        check(fcntl(ends_[0], F_GETOWN_EX, &owner), "F_GETOWN_EX");
        require(owner.type == F_OWNER_TID && owner.pid == static_cast<pid_t>(syscall(SYS_gettid)),
                "the owner became ", owner.pid, " of type ", static_cast<int>(owner.type));
        require(fcntl(ends_[0], F_GETSIG) == SIGRTMIN + 6, "another signal is sent");
        check(fcntl(group_, F_GETOWN_EX, &owner), "F_GETOWN_EX");
        require(owner.type == F_OWNER_PGRP && owner.pid == getpgrp(), "the owning group became ", owner.pid);
        signalled_fd = -1;
        write_exactly(ends_[1], "x", "pipe");
        require(signalled_fd == ends_[0], "the signal names descriptor ", int{signalled_fd});
        (void)read_exactly(ends_[0], 1, "pipe");
    }
    void damage() override { check(fcntl(ends_[0], F_SETSIG, 0), "F_SETSIG"); }

  private:
    std::array<int, 2> ends_{};
    int group_ = -1;
};

class Lease : public State {
  public:
    void set_up() override {
        write_ = open_in("lease_write", O_RDWR);
        check(fcntl(write_, F_SETLEASE, F_WRLCK), "F_SETLEASE");
        const std::string path = disk_directory("lease_read") + "/file";
        write_text(path, "x");
        read_ = static_cast<int>(check(open(path.c_str(), O_RDONLY | O_CLOEXEC), "open"));
        check(fcntl(read_, F_SETLEASE, F_RDLCK), "F_SETLEASE");
    }
    void verify() override {
        require(fcntl(write_, F_GETLEASE) == F_WRLCK, "a lease for writing is lost");
        require(fcntl(read_, F_GETLEASE) == F_RDLCK, "a lease for reading is lost");
    }
    void damage() override { check(fcntl(write_, F_SETLEASE, F_UNLCK), "F_SETLEASE"); }

  private:
    int write_ = -1, read_ = -1;
};

class Hint : public State {
  public:
    void set_up() override {
        fd_ = open_in("hint", O_RDWR);
        std::uint64_t hint = RWH_WRITE_LIFE_LONG;
        check(fcntl(fd_, F_SET_RW_HINT, &hint), "F_SET_RW_HINT");
    }
    void verify() override {
        std::uint64_t hint = 0;
        check(fcntl(fd_, F_GET_RW_HINT, &hint), "F_GET_RW_HINT");
        require(hint == RWH_WRITE_LIFE_LONG, "the hint became ", hint);
    }
    void damage() override {
        std::uint64_t hint = RWH_WRITE_LIFE_SHORT;
        check(fcntl(fd_, F_SET_RW_HINT, &hint), "F_SET_RW_HINT");
    }

  private:
    int fd_ = -1;
};

volatile int changes = 0;
void on_change(int) {
    changes = changes + 1;
}

// dnotify
class Changes : public State {
  public:
    void set_up() override {
        struct sigaction action {};
        action.sa_handler = on_change;
        action.sa_flags = SA_RESTART;
        check(sigaction(SIGRTMIN + 7, &action, nullptr), "sigaction");
        folder_ = disk_directory("changes");
        fd_ = static_cast<int>(check(open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open"));
        check(fcntl(fd_, F_SETSIG, SIGRTMIN + 7), "F_SETSIG");
        check(fcntl(fd_, F_NOTIFY, DN_CREATE | DN_DELETE | DN_MULTISHOT), "F_NOTIFY");
    }
    void verify() override {
        require(changes == 0, "a change is told that nobody made");
        write_text(folder_ + "/file", "x");
        check(unlink((folder_ + "/file").c_str()), "unlink");
        require(changes == 2, int{changes}, " changes are told of 2");
        changes = 0;
    }
    void damage() override { check(fcntl(fd_, F_NOTIFY, 0), "F_NOTIFY"); }

  private:
    std::string folder_;
    int fd_ = -1;
};

NAP_GUEST_STATE("fd_owner", Owner);
NAP_GUEST_STATE("fd_lease", Lease);
NAP_GUEST_STATE("fd_hint", Hint);
NAP_GUEST_STATE("fd_changes", Changes);

}  // namespace
}  // namespace guest
