// SPDX-License-Identifier: GPL-2.0-only
// Pipes and FIFOs with bytes waiting in them, and with one end gone.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "harness.hpp"

namespace guest {
namespace {

class Pipes : public State {
  public:
    void set_up() override {
        signal(SIGPIPE, SIG_IGN);
        check(pipe2(full_.data(), O_NONBLOCK), "pipe");
        check(fcntl(full_[1], F_SETPIPE_SZ, 128 << 10), "F_SETPIPE_SZ");
        check(pipe(no_writer_.data()), "pipe");
        write_exactly(no_writer_[1], "last words", "pipe");
        close(no_writer_[1]);
        check(pipe(no_reader_.data()), "pipe");
        close(no_reader_[0]);
        const std::string path = disk_directory("pipes") + "/fifo";
        check(mkfifo(path.c_str(), 0600), "mkfifo");
        fifo_ = static_cast<int>(check(open(path.c_str(), O_RDWR | O_CLOEXEC), "open " + path));
        refill();
    }
    void verify() override {
        require(fcntl(full_[1], F_GETPIPE_SZ) == 128 << 10, "the pipe's size changed");
        require((fcntl(full_[0], F_GETFL) & O_NONBLOCK) != 0, "the pipe blocks now");
        require(read_exactly(full_[0], kContent, "pipe") == pattern_text(kContent, 12),
                "the pipe's content changed");
        char byte = 0;
        require(read(full_[0], &byte, 1) < 0 && errno == EAGAIN,
                "there is more in the pipe than was written");
        require(read_exactly(fifo_, 5000, "fifo") == pattern_text(5000, 13), "the FIFO's content changed");
        if (!words_read_)
            require(read_exactly(no_writer_[0], 10, "pipe") == "last words", "last words changed");
        words_read_ = true;
        require(read(no_writer_[0], &byte, 1) == 0, "a pipe without writers does not end");
        require(write(no_reader_[1], "x", 1) < 0 && errno == EPIPE, "a pipe without readers can be written");
        refill();
    }
    void damage() override { write_exactly(full_[1], "x", "pipe"); }

  private:
    static constexpr std::size_t kContent = 100'000;
    void refill() const {
        write_exactly(full_[1], pattern_text(kContent, 12), "pipe");
        write_exactly(fifo_, pattern_text(5000, 13), "fifo");
    }

    std::array<int, 2> full_{}, no_writer_{}, no_reader_{};
    int fifo_ = -1;
    bool words_read_ = false;
};

NAP_GUEST_STATE("pipes", Pipes);

}  // namespace
}  // namespace guest
