// SPDX-License-Identifier: GPL-2.0-only
// Locks on files: flock, POSIX record locks, open file description locks; another process must still see
// them.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "child.hpp"
#include "harness.hpp"

namespace guest {
namespace {

struct flock lock_of(short type, off_t start, off_t length) {
    struct flock lock {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    lock.l_start = start;
    lock.l_len = length;
    return lock;
}

class FileLocks : public State {
  public:
    void set_up() override {
        directory_ = disk_directory("file_locks");
        other_ = std::make_unique<Child>(
            [this] { return [this](const std::string& kind) { return seen(kind); }; });
        whole_ = open_file("flock");
        check(flock(whole_, LOCK_EX | LOCK_NB), "flock");
        records_ = open_file("posix");
        auto write_lock = lock_of(F_WRLCK, 10, 20), read_lock = lock_of(F_RDLCK, 100, 0);
        check(fcntl(records_, F_SETLK, &write_lock), "F_SETLK");
        check(fcntl(records_, F_SETLK, &read_lock), "F_SETLK");
        description_ = open_file("ofd");
        auto own = lock_of(F_WRLCK, 0, 1000);
        check(fcntl(description_, F_OFD_SETLK, &own), "F_OFD_SETLK");
    }
    void verify() override {
        for (const std::string kind : {"flock", "posix", "ofd"}) {
            const std::string lock = other_->ask(kind);
            require(lock == expected(kind), kind, ": another process sees '", lock, "', expected '",
                    expected(kind), "'");
        }
    }
    void damage() override { check(flock(whole_, LOCK_UN), "unlock"); }

  private:
    int open_file(const std::string& name) const {
        const std::string path = directory_ + "/" + name;
        return static_cast<int>(
            check(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644), "open " + path));
    }
    std::string expected(const std::string& kind) const {
        if (kind == "flock") return "held";
        if (kind == "ofd") return "1 0 1000 -1";
        return "1 10 20 " + std::to_string(getpid()) + ", 0 100 0 " + std::to_string(getpid());
    }
    static std::string describe(const struct flock& lock) {
        return std::to_string(lock.l_type) + " " + std::to_string(lock.l_start) + " " +
               std::to_string(lock.l_len) + " " + std::to_string(lock.l_pid);
    }
    // In the other process: what stands in the way of a lock of its own.
    std::string seen(const std::string& kind) const {
        const int fd = open_file(kind);
        std::string text;
        if (kind == "flock") {
            text = flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK ? "held" : "free";
        } else {
            auto first = lock_of(F_WRLCK, 0, 50), second = lock_of(F_WRLCK, 90, 100);
            check(fcntl(fd, F_GETLK, &first), "F_GETLK");
            check(fcntl(fd, F_GETLK, &second), "F_GETLK");
            text = describe(first);
            if (kind == "posix") text += ", " + describe(second);
        }
        close(fd);
        return text;
    }

    std::string directory_;
    std::unique_ptr<Child> other_;
    int whole_ = -1, records_ = -1, description_ = -1;
};

NAP_GUEST_STATE("file_locks", FileLocks);

}  // namespace
}  // namespace guest
