// SPDX-License-Identifier: GPL-2.0-only
// Connections that their server has closed while most of its answer still waits for a slow client: no process
// has them. In FIN-WAIT-1; in CLOSING, where the client has ended its side since; in LAST-ACK, where it had
// before.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

#include "harness.hpp"

namespace guest {
namespace {

constexpr std::size_t kAnswer = 1'000'000;  // bytes
constexpr int kReceiveBuffer = 32'768, kSendBuffer = 8 << 20;

class TcpUnowned : public State {
  public:
    void set_up() override {
        std::signal(SIGPIPE, SIG_IGN);
        listener_ = static_cast<int>(check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
        address_.sin_family = AF_INET;
        address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        check(bind(listener_, reinterpret_cast<sockaddr*>(&address_), size_), "bind");
        check(getsockname(listener_, reinterpret_cast<sockaddr*>(&address_), &size_), "getsockname");
        check(listen(listener_, 4), "listen");
        serve();
    }
    void verify() override {
        for (const int client : clients_) {
            require(read_exactly(client, kAnswer, "client") == answer(), "the answer has changed");
            pollfd ready{client, POLLIN, 0};
            require(poll(&ready, 1, 10'000) == 1, "the answer does not end");
            char byte = 0;
            require(recv(client, &byte, 1, 0) == 0, "it ends by ", std::strerror(errno));
            close(client);
        }
        serve();
    }
    void damage() override { (void)read_exactly(clients_[0], 1, "client"); }

  private:
    enum class End { later, before, never };

    static std::string answer() {
        std::string bytes(kAnswer, 0);
        for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7 + i / 251);
        return bytes;
    }

    void serve() {
        clients_.clear();
        for (const End end : {End::never, End::later, End::before}) {
            const int client =
                static_cast<int>(check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
            check(setsockopt(client, SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof kReceiveBuffer),
                  "SO_RCVBUF");
            check(connect(client, reinterpret_cast<sockaddr*>(&address_), size_), "connect");
            const int server = static_cast<int>(check(accept(listener_, nullptr, nullptr), "accept"));
            check(setsockopt(server, SOL_SOCKET, SO_SNDBUFFORCE, &kSendBuffer, sizeof kSendBuffer),
                  "SO_SNDBUFFORCE");
            if (end == End::before) check(shutdown(client, SHUT_WR), "shutdown");
            check(fcntl(server, F_SETFL, O_NONBLOCK), "fcntl");
            const auto all = answer();
            require(write(server, all.data(), all.size()) == static_cast<ssize_t>(all.size()),
                    "the answer does not fit the send buffer");
            close(server);
            if (end == End::later) check(shutdown(client, SHUT_WR), "shutdown");
            clients_.push_back(client);
        }
    }

    int listener_ = -1;
    std::vector<int> clients_;
    sockaddr_in address_{};
    socklen_t size_ = sizeof address_;
};

NAP_GUEST_STATE("tcp-unowned", TcpUnowned);

}  // namespace
}  // namespace guest
