// SPDX-License-Identifier: GPL-2.0-only
// Connections that a listener has not accepted: of clients that wait, have sent, have ended, are gone with a
// reset; of both internet families, in the order in which they came.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

#include "harness.hpp"

namespace guest {
namespace {

constexpr std::size_t kMuch = 40'000;  // bytes; within the window a connection begins with

class Listener {
  public:
    explicit Listener(int family, bool particular = false) {
        fd_ = static_cast<int>(check(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
        const int idle = 77;
        check(setsockopt(fd_, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle), "TCP_KEEPIDLE");
        if (particular) {
            const int patience = 30;
            check(setsockopt(fd_, IPPROTO_TCP, TCP_DEFER_ACCEPT, &patience, sizeof patience),
                  "TCP_DEFER_ACCEPT");
            check(setsockopt(fd_, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2), "SO_BINDTODEVICE");
        }
        if (family == AF_INET6) address_.sin6_addr = in6addr_loopback;
        address_.sin6_family = static_cast<sa_family_t>(family);
        if (family == AF_INET)
            reinterpret_cast<sockaddr_in*>(&address_)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        check(bind(fd_, address(), size_), "bind");
        check(getsockname(fd_, address(), &size_), "getsockname");
        check(listen(fd_, 16), "listen");
    }
    [[nodiscard]] int connected() {
        const int fd =
            static_cast<int>(check(socket(address_.sin6_family, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
        check(connect(fd, address(), size_), "connect");
        return fd;
    }
    // The next one, which must be that of the client with `port`.
    [[nodiscard]] int accepted(std::uint16_t port) const {
        pollfd ready{fd_, POLLIN, 0};
        require(poll(&ready, 1, 0) == 1, "no connection waits");
        sockaddr_in6 peer{};
        socklen_t size = sizeof peer;
        const int fd = static_cast<int>(
            check(accept4(fd_, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_CLOEXEC), "accept"));
        require(peer.sin6_port == port, "another connection comes first");
        int idle = 0;
        size = sizeof idle;
        check(getsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, &size), "TCP_KEEPIDLE");
        require(idle == 77, "it has lost an option of its listener: ", idle);
        return fd;
    }
    [[nodiscard]] int fd() const { return fd_; }

  private:
    sockaddr* address() { return reinterpret_cast<sockaddr*>(&address_); }
    int fd_;
    sockaddr_in6 address_{};
    socklen_t size_ = sizeof address_;
};

std::uint16_t port_of(int fd) {
    sockaddr_in6 address{};
    socklen_t size = sizeof address;
    check(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
    return address.sin6_port;
}

class TcpBacklog : public State {
  public:
    void set_up() override {
        std::signal(SIGPIPE, SIG_IGN);
        fill();
    }
    void verify() override {
        for (auto& queue : queues_) verify_queue(queue.listener, queue.clients), verify_reset(queue.listener);
        for (auto& queue : particular_) verify_particular(queue.listener, queue.clients);
        fill();
    }
    void damage() override { close(queues_[0].listener.accepted(port_of(queues_[0].clients[0]))); }

  private:
    struct Queue {
        Listener listener;
        std::vector<int> clients;  // waits; has sent; has sent and ended
    };

    void fill() {
        for (auto& queue : queues_) {
            for (const int client : queue.clients) close(client);
            queue.clients.clear();
            for (int i = 0; i < 3; ++i) queue.clients.push_back(queue.listener.connected());
            write_exactly(queue.clients[1], std::string(kMuch, 'm'), "client");
            write_exactly(queue.clients[2], "the end", "client");
            check(shutdown(queue.clients[2], SHUT_WR), "shutdown");
            const int client = queue.listener.connected();
            const linger reset{1, 0};
            check(setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), "SO_LINGER");
            close(client);
        }
        for (auto& queue : particular_) {
            for (const int client : queue.clients) close(client);
            queue.clients.clear();
            queue.clients.push_back(queue.listener.connected());
            write_exactly(queue.clients[0], "question", "client");
        }
    }

    static void verify_particular(Listener& listener, const std::vector<int>& clients) {
        const int asked = listener.accepted(port_of(clients[0]));
        require(read_exactly(asked, 8, "accepted connection") == "question", "another question came");
        write_exactly(asked, "answer", "accepted connection");
        require(read_exactly(clients[0], 6, "client") == "answer", "another answer came");
        close(asked);
    }

    static void verify_reset(const Listener& listener) {
        char byte = 0;
        const int reset = static_cast<int>(check(accept(listener.fd(), nullptr, nullptr), "accept"));
        require(recv(reset, &byte, 1, MSG_DONTWAIT) == -1 && errno == ECONNRESET,
                "it was not reset: ", std::strerror(errno));
        close(reset);
    }

    static void verify_queue(Listener& listener, std::vector<int>& clients) {
        const int waits = listener.accepted(port_of(clients[0]));
        write_exactly(clients[0], "late", "client");
        require(read_exactly(waits, 4, "accepted connection") == "late", "another word came");
        write_exactly(waits, "answer", "accepted connection");
        require(read_exactly(clients[0], 6, "client") == "answer", "another answer came");

        const int sent = listener.accepted(port_of(clients[1]));
        require(read_exactly(sent, kMuch, "accepted connection") == std::string(kMuch, 'm'),
                "what a client had sent has changed");
        write_exactly(sent, "much", "accepted connection");
        require(read_exactly(clients[1], 4, "client") == "much", "another answer came");

        const int ended = listener.accepted(port_of(clients[2]));
        require(read_exactly(ended, 7, "accepted connection") == "the end", "another word came");
        char byte = 0;
        require(recv(ended, &byte, 1, MSG_DONTWAIT) == 0, "it does not end");
        write_exactly(ended, "bye", "accepted connection");
        require(read_exactly(clients[2], 3, "client") == "bye", "another answer came");

        for (const int fd : {waits, sent, ended}) close(fd);
    }

    std::array<Queue, 2> queues_ = {Queue{Listener(AF_INET), {}}, Queue{Listener(AF_INET6), {}}};
    // Bound to a device, and only told of clients that have sent something
    std::array<Queue, 2> particular_ = {Queue{Listener(AF_INET, true), {}},
                                        Queue{Listener(AF_INET6, true), {}}};
};

NAP_GUEST_STATE("tcp-backlog", TcpBacklog);

}  // namespace
}  // namespace guest
