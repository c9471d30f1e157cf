// SPDX-License-Identifier: GPL-2.0-only
// A half closed TCP connection between two processes, one of which has so many files that it gets its end
// back long after the other.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <optional>

#include "child.hpp"
#include "harness.hpp"

namespace guest {
namespace {

constexpr int kFiles = 900;

class HalfClosed : public State {
  public:
    void set_up() override {
        std::signal(SIGPIPE, SIG_IGN);  // a broken connection is told, not died of
        const int listener =
            static_cast<int>(check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
        sockaddr_in address{
            .sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
        socklen_t size = sizeof address;
        check(bind(listener, reinterpret_cast<sockaddr*>(&address), size), "bind");
        check(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
        check(listen(listener, 1), "listen");
        const int first = static_cast<int>(check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
        check(connect(first, reinterpret_cast<sockaddr*>(&address), size), "connect");
        second_ = static_cast<int>(check(accept(listener, nullptr, nullptr), "accept"));
        close(listener);
        other_.emplace([this, first] { return hold_first(first); });
        close(first);
    }
    void verify() override {
        char byte = 0;
        const auto got = recv(second_, &byte, 1, MSG_DONTWAIT);
        require(got == 0, "the half closed connection does not end: ", got);
        write_exactly(second_, "x", "half closed connection");
        (void)other_->ask("read");
    }
    void damage() override { close(second_); }

  private:
    // Restored in the order of their numbers.
    Child::Answer hold_first(int first) const {
        close(second_);
        for (int i = 0; i < kFiles; ++i) check(open("/dev/null", O_RDONLY | O_CLOEXEC), "open");
        const int last = static_cast<int>(check(fcntl(first, F_DUPFD_CLOEXEC, kFiles), "fcntl"));
        close(first);
        check(shutdown(last, SHUT_WR), "shutdown");
        return [last](const std::string&) {
            require(read_exactly(last, 1, "half closed connection") == "x", "another byte came");
            return std::string();
        };
    }

    int second_ = -1;
    std::optional<Child> other_;
};

NAP_GUEST_STATE("tcp-half-closed", HalfClosed);

}  // namespace
}  // namespace guest
