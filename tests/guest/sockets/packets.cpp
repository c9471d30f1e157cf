// SPDX-License-Identifier: GPL-2.0-only
// Pipes in packet mode: each read gives one write, at any fill level, in pipes of any size and in FIFOs.
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "harness.hpp"

namespace guest {
namespace {

struct Ends {
    int read = -1, write = -1;
};

class Packets : public State {
  public:
    void set_up() override {
        plain_ = make_pipe(O_DIRECT);
        large_ = make_pipe(O_DIRECT | O_NONBLOCK);
        check(fcntl(large_.write, F_SETPIPE_SZ, 1 << 20), "F_SETPIPE_SZ");
        late_ = make_pipe(0);
        check(fcntl(late_.write, F_SETFL, O_DIRECT), "F_SETFL O_DIRECT");
        const std::string path = disk_directory("packets") + "/fifo";
        check(mkfifo(path.c_str(), 0600), "mkfifo");
        fifo_.read = static_cast<int>(check(open(path.c_str(), O_RDONLY | O_NONBLOCK), "open a FIFO"));
        fifo_.write = static_cast<int>(check(open(path.c_str(), O_WRONLY | O_NONBLOCK), "open a FIFO"));
        check(fcntl(fifo_.write, F_SETFL, O_DIRECT | O_NONBLOCK), "F_SETFL O_DIRECT");
        fill();
    }
    void verify() override {
        require(fcntl(large_.read, F_GETPIPE_SZ) == 1 << 20, "the large pipe has another size");
        for (const Ends& pipe : {plain_, large_, late_, fifo_}) {
            require((fcntl(pipe.write, F_GETFL) & O_DIRECT) != 0, "a pipe lost its packet mode");
            const std::size_t count = pipe.read == large_.read ? kMany : kFew;
            for (std::size_t i = 0; i < count; ++i) require_packet(pipe.read, packet(i));
            pollfd more{pipe.read, POLLIN, 0};
            require(poll(&more, 1, 0) == 0, "a pipe holds more than was written");
        }
        fill();
    }
    void damage() override {
        char byte = 0;
        check(read(plain_.read, &byte, 1), "read");
    }

  private:
    static constexpr std::size_t kFew = 5, kMany = 200;

    static Ends make_pipe(int flags) {
        int ends[2];
        check(pipe2(ends, flags), "pipe2");
        return {ends[0], ends[1]};
    }
    // The first one is a single byte, some fill a buffer whole.
    static std::string packet(std::size_t i) {
        return pattern_text(i % 7 == 4 ? 4096 : 1 + i * 37 % 4000, i);
    }
    static void require_packet(int fd, const std::string& expected) {
        std::string got(8192, '\0');
        got.resize(static_cast<std::size_t>(check(read(fd, got.data(), got.size()), "read a packet")));
        require(got == expected, "a packet of ", expected.size(), " bytes became ", got.size(), " others");
    }
    void fill() const {
        for (const Ends& pipe : {plain_, large_, late_, fifo_})
            for (std::size_t i = 0; i < (pipe.read == large_.read ? kMany : kFew); ++i)
                write_exactly(pipe.write, packet(i), "a packet");
    }

    Ends plain_, large_, late_, fifo_;
};

// A full pipe of bytes, written in pieces that share no buffer: nothing fits in after it.
class Full : public State {
  public:
    void set_up() override {
        int ends[2];
        check(pipe2(ends, O_NONBLOCK), "pipe2");
        ends_ = {ends[0], ends[1]};
        fill();
    }
    void verify() override {
        pollfd room{ends_.write, POLLOUT, 0};
        require(poll(&room, 1, 0) == 0, "a full pipe takes more");
        require(read_exactly(ends_.read, size_, "a full pipe") == pattern_text(size_, 3),
                "the contents of a full pipe changed");
        fill();
    }
    void damage() override { read_exactly(ends_.read, 1, "a full pipe"); }

  private:
    void fill() {
        size_ = 16 * 4096;
        write_exactly(ends_.write, pattern_text(size_, 3), "a full pipe");
    }

    Ends ends_;
    std::size_t size_ = 0;
};

NAP_GUEST_STATE("pipe_packets", Packets);
NAP_GUEST_STATE("pipe_full", Full);

}  // namespace
}  // namespace guest
