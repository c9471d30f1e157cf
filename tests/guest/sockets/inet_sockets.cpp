// SPDX-License-Identifier: GPL-2.0-only
// TCP over the loopback interface with bytes waiting both ways, half closed, listening; UDP, bound and
// connected.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>

#include "harness.hpp"

namespace guest {
namespace {

// An IPv4 or IPv6 loopback address.
struct Loopback {
    explicit Loopback(int family)
        : storage{}, size(family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in)) {
        storage.ss_family = static_cast<sa_family_t>(family);
        if (family == AF_INET6)
            reinterpret_cast<sockaddr_in6&>(storage).sin6_addr = in6addr_loopback;
        else
            reinterpret_cast<sockaddr_in&>(storage).sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
    sockaddr_storage storage;
    socklen_t size;
};

struct Connection {
    int client = -1, server = -1;
};

class Listener {
  public:
    void open(int family) {
        address_ = Loopback(family);
        fd_ = static_cast<int>(check(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
        check(bind(fd_, address_.get(), address_.size), "bind");
        check(getsockname(fd_, address_.get(), &address_.size), "getsockname");
        check(listen(fd_, 16), "listen");
    }
    Connection connect() {
        Connection connection;
        connection.client = static_cast<int>(
            check(socket(address_.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
        check(::connect(connection.client, address_.get(), address_.size), "connect");
        connection.server = static_cast<int>(check(accept(fd_, nullptr, nullptr), "accept"));
        return connection;
    }

  private:
    Loopback address_{AF_INET};
    int fd_ = -1;
};

int option(int fd, int level, int name) {
    int value = 0;
    socklen_t size = sizeof value;
    check(getsockopt(fd, level, name, &value, &size), "getsockopt");
    return value;
}

void set_option(int fd, int level, int name, int value) {
    check(setsockopt(fd, level, name, &value, sizeof value), "setsockopt");
}

class Tcp : public State {
  public:
    explicit Tcp(int family) : family_(family) {}

    void set_up() override {
        std::signal(SIGPIPE, SIG_IGN);  // a broken connection is told, not died of
        listener_.open(family_);
        pair_ = listener_.connect();
        set_option(pair_.client, IPPROTO_TCP, TCP_NODELAY, 1);
        set_option(pair_.client, SOL_SOCKET, SO_KEEPALIVE, 1);
        set_option(pair_.client, IPPROTO_TCP, TCP_KEEPIDLE, 345);
        half_ = listener_.connect();
        write_exactly(half_.client, "last words", "half closed connection");
        check(shutdown(half_.client, SHUT_WR), "shutdown");
        queue();
        sleep_ms(50);
    }
    void verify() override {
        require(read_exactly(pair_.server, kBytes, "TCP") == pattern_text(kBytes, 23),
                "bytes for the server changed");
        require(read_exactly(pair_.client, kBytes, "TCP") == pattern_text(kBytes, 24),
                "bytes for the client changed");
        require(option(pair_.client, IPPROTO_TCP, TCP_NODELAY) == 1 &&
                    option(pair_.client, SOL_SOCKET, SO_KEEPALIVE) == 1 &&
                    option(pair_.client, IPPROTO_TCP, TCP_KEEPIDLE) == 345,
                "a socket option changed");
        verify_half();
        const auto fresh = listener_.connect();
        write_exactly(fresh.client, "hello", "new connection");
        require(read_exactly(fresh.server, 5, "new connection") == "hello",
                "a new connection carries something else");
        close(fresh.client);
        close(fresh.server);
        queue();
    }
    void damage() override {
        write_exactly(pair_.client, "x", "TCP"), (void)read_exactly(pair_.server, 1, "TCP");
    }

  private:
    static constexpr std::size_t kBytes = 30'000;
    void queue() const {
        write_exactly(pair_.client, pattern_text(kBytes, 23), "TCP");
        write_exactly(pair_.server, pattern_text(kBytes, 24), "TCP");
    }
    void verify_half() {
        if (!half_read_)
            require(read_exactly(half_.server, 10, "half closed") == "last words", "last words changed");
        half_read_ = true;
        char byte = 0;
        require(recv(half_.server, &byte, 1, MSG_DONTWAIT) == 0, "the half closed connection does not end");
        write_exactly(half_.server, "x", "half closed connection");
        require(read_exactly(half_.client, 1, "half closed connection") == "x",
                "its other direction is broken");
    }

    int family_;
    Listener listener_;
    Connection pair_, half_;
    bool half_read_ = false;
};

class Udp : public State {
  public:
    void set_up() override {
        Loopback address(AF_INET);
        server_ = static_cast<int>(check(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket"));
        check(bind(server_, address.get(), address.size), "bind");
        check(getsockname(server_, address.get(), &address.size), "getsockname");
        client_ = static_cast<int>(check(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket"));
        check(connect(client_, address.get(), address.size), "connect");
        set_option(server_, SOL_SOCKET, SO_BROADCAST, 1);
    }
    void verify() override {
        write_exactly(client_, "datagram", "UDP");
        require(read_exactly(server_, 8, "UDP") == "datagram", "a datagram changed");
        require(option(server_, SOL_SOCKET, SO_BROADCAST) == 1, "a socket option changed");
    }
    void damage() override { set_option(server_, SOL_SOCKET, SO_BROADCAST, 0); }

  private:
    int server_ = -1, client_ = -1;
};

NAP_GUEST_STATE("tcp", Tcp, AF_INET);
NAP_GUEST_STATE("tcp6", Tcp, AF_INET6);
NAP_GUEST_STATE("udp", Udp);

}  // namespace
}  // namespace guest
