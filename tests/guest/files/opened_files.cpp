// SPDX-License-Identifier: GPL-2.0-only
// How files were opened, where no path says it: unnamed ones that can be given a name, hints of life times,
// leases.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>

#include "harness.hpp"

namespace guest {
namespace {

int open_at(const std::string& path, int flags) {
    return static_cast<int>(check(open(path.c_str(), flags | O_CLOEXEC, 0640), "open " + path));
}

// O_TMPFILE: one on the disk, one on tmpfs can be given a name; one with O_EXCL cannot.
class Nameless : public State {
  public:
    void set_up() override {
        folder_ = disk_directory("nameless");
        on_disk_ = open_at(folder_, O_TMPFILE | O_RDWR);
        exclusive_ = open_at(folder_, O_TMPFILE | O_RDWR | O_EXCL);
        in_memory_ = open_at("/dev/shm", O_TMPFILE | O_RDWR);
        for (const int fd : {on_disk_, exclusive_, in_memory_}) write_exactly(fd, "unnamed", "file");
        flags_ = fcntl(on_disk_, F_GETFL);
    }
    void verify() override {
        require(fcntl(on_disk_, F_GETFL) == flags_, "flags ", flags_, " became ", fcntl(on_disk_, F_GETFL));
        require(!can_be_named(exclusive_, folder_ + "/a"), "a file was given a name that must have none");
        // That uses them up
        name(on_disk_, folder_ + "/b");
        name(in_memory_, "/dev/shm/nap-test-nameless");
        on_disk_ = open_at(folder_, O_TMPFILE | O_RDWR);
        in_memory_ = open_at("/dev/shm", O_TMPFILE | O_RDWR);
        for (const int fd : {on_disk_, in_memory_}) write_exactly(fd, "unnamed", "file");
    }
    void damage() override {
        close(on_disk_);
        on_disk_ = open_at(folder_, O_TMPFILE | O_RDWR | O_EXCL);
    }

  private:
    static bool can_be_named(int fd, const std::string& path) {
        const std::string link = "/proc/self/fd/" + std::to_string(fd);
        return linkat(AT_FDCWD, link.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0;
    }
    static void name(int fd, const std::string& path) {
        require(can_be_named(fd, path), "an unnamed file cannot be given the name ", path);
        require(read_text(path) == "unnamed", "what was unnamed changed");
        check(unlink(path.c_str()), "unlink");
        close(fd);
    }
    std::string folder_;
    int on_disk_ = -1, exclusive_ = -1, in_memory_ = -1, flags_ = 0;
};

// F_SET_RW_HINT; a directory opened as such.
class Hinted : public State {
  public:
    void set_up() override {
        const std::string folder = disk_directory("hinted");
        file_ = open_at(folder + "/file", O_RDWR | O_CREAT);
        set(kExtreme);
        directory_ = open_at(folder, O_RDONLY | O_DIRECTORY);
        flags_ = fcntl(directory_, F_GETFL);
    }
    void verify() override {
        std::uint64_t hint = 0;
        check(fcntl(file_, kGet, &hint), "fcntl F_GET_RW_HINT");
        require(hint == kExtreme, "the hint became ", hint);
        const int now = fcntl(directory_, F_GETFL);
        require(now == flags_, "a directory's flags ", flags_, " became ", now);
    }
    void damage() override { set(0); }

  private:
    static constexpr int kGet = 1035, kSet = 1036;  // F_GET_RW_HINT, F_SET_RW_HINT
    static constexpr std::uint64_t kExtreme = 5;    // RWH_WRITE_LIFE_EXTREME
    void set(std::uint64_t hint) { check(fcntl(file_, kSet, &hint), "fcntl F_SET_RW_HINT"); }
    int file_ = -1, directory_ = -1, flags_ = 0;
};

// F_SETLEASE: its holder is told when somebody opens the file in a way that conflicts.
class Leased : public State {
  public:
    void set_up() override {
        path_ = disk_directory("leased") + "/file";
        write_text(path_, "leased");
        file_ = open_at(path_, O_RDONLY);
        sigset_t one;
        sigemptyset(&one);
        sigaddset(&one, SIGRTMIN + 3);
        check(sigprocmask(SIG_BLOCK, &one, nullptr), "sigprocmask");
        take();
    }
    void verify() override {
        require(fcntl(file_, F_GETLEASE) == F_RDLCK, "the lease became ", fcntl(file_, F_GETLEASE));
        require(open(path_.c_str(), O_RDWR | O_NONBLOCK) < 0, "the lease holds nobody off");
        sigset_t one;
        sigemptyset(&one);
        sigaddset(&one, SIGRTMIN + 3);
        const timespec limit{2, 0};
        siginfo_t told{};
        require(sigtimedwait(&one, &told, &limit) == SIGRTMIN + 3 && told.si_fd == file_,
                "its holder is not told");
        check(fcntl(file_, F_SETLEASE, F_UNLCK), "fcntl F_SETLEASE");
        take();
    }
    void damage() override { check(fcntl(file_, F_SETLEASE, F_UNLCK), "fcntl F_SETLEASE"); }

  private:
    void take() {  // the signal goes with the lease
        check(fcntl(file_, F_SETSIG, SIGRTMIN + 3), "fcntl F_SETSIG");
        check(fcntl(file_, F_SETLEASE, F_RDLCK), "fcntl F_SETLEASE");
    }
    std::string path_;
    int file_ = -1;
};

NAP_GUEST_STATE("file_nameless", Nameless);
NAP_GUEST_STATE("file_hints", Hinted);
NAP_GUEST_STATE("file_lease", Leased);

}  // namespace
}  // namespace guest
