// SPDX-License-Identifier: GPL-2.0-only
// What fcntl(2) has set on descriptors: owners and signals, leases.
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

NAP_GUEST_STATE("fd_owner", Owner);
NAP_GUEST_STATE("fd_lease", Lease);

}  // namespace
}  // namespace guest
