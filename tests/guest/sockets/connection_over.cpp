// SPDX-License-Identifier: GPL-2.0-only
// A TCP socket whose connection is over, reset by its peer, and which its process keeps all the same.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "harness.hpp"

namespace guest {
namespace {

class ConnectionOver : public State {
  public:
    void set_up() override {
        const int listener = stream();
        sockaddr_in address{
            .sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
        socklen_t size = sizeof address;
        check(bind(listener, reinterpret_cast<sockaddr*>(&address), size), "bind");
        check(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
        check(listen(listener, 1), "listen");
        over_ = stream();
        check(connect(over_, reinterpret_cast<sockaddr*>(&address), size), "connect");
        const int peer = static_cast<int>(check(accept(listener, nullptr, nullptr), "accept"));
        const linger at_once{.l_onoff = 1, .l_linger = 0};
        check(setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), "SO_LINGER");
        close(peer);
        close(listener);
        char byte = 0;
        require(recv(over_, &byte, 1, 0) < 0 && errno == ECONNRESET, "the connection was not reset");
    }

    void verify() override {
        tcp_info information{};
        socklen_t size = sizeof information;
        check(getsockopt(over_, IPPROTO_TCP, TCP_INFO, &information, &size), "TCP_INFO");
        require(information.tcpi_state == TCP_CLOSE, "it is in state ", int{information.tcpi_state});
        sockaddr_in peer{};
        size = sizeof peer;
        require(getpeername(over_, reinterpret_cast<sockaddr*>(&peer), &size) < 0 && errno == ENOTCONN,
                "it has a peer");
        require(send(over_, "x", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE, "sending fails by ", errno);
    }

    void damage() override { close(over_); }

  private:
    static int stream() {
        return static_cast<int>(check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    }
    int over_ = -1;
};

NAP_GUEST_STATE("connection_over", ConnectionOver);

}  // namespace
}  // namespace guest
