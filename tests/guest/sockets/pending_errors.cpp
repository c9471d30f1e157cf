// SPDX-License-Identifier: GPL-2.0-only
// Errors that nobody has asked for yet: of datagrams that were refused, of connections that failed or have
// ended, with what can still be read before them.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "harness.hpp"

namespace guest {
namespace {

int open_socket(int family, int type) {
    return static_cast<int>(check(socket(family, type | SOCK_CLOEXEC, 0), "socket"));
}

sockaddr_in loopback() {
    sockaddr_in address{};
    address.sin_family = AF_INET, address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

sockaddr_in bind_loopback(int fd) {
    sockaddr_in address = loopback();
    socklen_t size = sizeof address;
    check(bind(fd, reinterpret_cast<const sockaddr*>(&address), size), "bind");
    check(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
    return address;
}

void connect_to(int fd, const sockaddr_in& address) {
    check(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), "connect");
}

// A port that nobody has.
sockaddr_in nobodys() {
    const int fd = open_socket(AF_INET, SOCK_DGRAM);
    const auto address = bind_loopback(fd);
    close(fd);
    return address;
}

struct Pair {
    int ours, peers;
};

Pair connected() {
    const int listener = open_socket(AF_INET, SOCK_STREAM), peer = open_socket(AF_INET, SOCK_STREAM);
    const auto address = bind_loopback(listener);
    check(listen(listener, 1), "listen");
    connect_to(peer, address);
    const int ours = static_cast<int>(check(accept4(listener, nullptr, nullptr, SOCK_CLOEXEC), "accept"));
    close(listener);
    return {ours, peer};
}

void wait_for(int fd, short events) {
    pollfd ready{fd, events, 0};
    require(poll(&ready, 1, 5000) == 1 && (ready.revents & (events | POLLERR | POLLHUP)) != 0,
            "nothing happens at a socket");
}

int pending(int fd) {
    int error = 0;
    socklen_t size = sizeof error;
    check(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size), "SO_ERROR");
    return error;
}

void require_error(int fd, int expected, const std::string& what) {
    const int error = pending(fd);
    require(error == expected, what, ": error ", error, " is pending, not ", expected);
    require(pending(fd) == 0, what, ": its error is told twice");
    close(fd);
}

void require_read(int fd, const std::string& expected, const std::string& what) {
    std::string got(expected.size() + 1, '\0');
    const auto size = recv(fd, got.data(), got.size(), MSG_DONTWAIT);
    require(size >= 0, what, ": what was sent before cannot be read: ", std::strerror(errno));
    got.resize(static_cast<std::size_t>(size));
    require(got == expected, what, ": other bytes than were sent, ", size, " of them");
}

class PendingErrors : public State {
  public:
    void set_up() override {
        std::signal(SIGPIPE, SIG_IGN);
        make();
    }

    void verify() override {
        require_error(refused_datagram_, ECONNREFUSED, "UDP");
        require_datagram();
        require_error(failed_connect_, ECONNREFUSED, "a connect that failed");
        require_read(reset_, text_, "a connection that was reset");
        char byte = 0;
        const auto got = recv(reset_, &byte, 1, MSG_DONTWAIT);
        require(got < 0 && errno == ECONNRESET, "a connection that was reset says ", got, ", ",
                std::strerror(errno));
        close(reset_);
        require_read(ended_, text_, "a connection that has ended");
        require(recv(ended_, &byte, 1, MSG_DONTWAIT) == 0, "a connection that has ended goes on");
        close(ended_);
        require_read(left_, "stays", "a unix stream whose peer is gone");
        require_error(left_, ECONNRESET, "a unix stream whose peer is gone");
        require_error(forsaken_, ECONNRESET, "a unix datagram socket whose peer is gone");
        make();
    }

    void damage() override { (void)pending(refused_datagram_); }

  private:
    void make() {
        refused_datagram_ = open_socket(AF_INET, SOCK_DGRAM);
        connect_to(refused_datagram_, nobodys());
        check(send(refused_datagram_, "x", 1, 0), "send");
        make_answered();
        failed_connect_ = open_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
        const auto nobody = nobodys();
        require(connect(failed_connect_, reinterpret_cast<const sockaddr*>(&nobody), sizeof nobody) != 0,
                "somebody answers");
        if (errno == ECONNREFUSED) fail("a connect failed at once");
        wait_for(failed_connect_, POLLOUT);
        make_ended();
        make_unix();
    }

    // One datagram, and behind it the news that who sent it is gone.
    void make_answered() {
        answered_ = open_socket(AF_INET, SOCK_DGRAM);
        const int peer = open_socket(AF_INET, SOCK_DGRAM);
        const auto ours = bind_loopback(answered_), theirs = bind_loopback(peer);
        connect_to(answered_, theirs), connect_to(peer, ours);
        check(send(peer, "answer", 6, 0), "send");
        close(peer);
        check(send(answered_, "x", 1, 0), "send");
    }

    void require_datagram() {
        require(pending(answered_) == ECONNREFUSED, "UDP with an answer: no error is pending");
        require_read(answered_, "answer", "UDP with an answer");
        close(answered_);
    }

    void make_ended() {
        const Pair reset = connected();
        write_exactly(reset.peers, text_, "connection");
        wait_for(reset.ours, POLLIN);
        const linger at_once{1, 0};
        check(setsockopt(reset.peers, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), "SO_LINGER");
        close(reset.peers);
        reset_ = reset.ours;
        wait_for(reset_, POLLHUP);
        const Pair ended = connected();
        write_exactly(ended.peers, text_, "connection");
        check(shutdown(ended.peers, SHUT_WR), "shutdown");
        wait_for(ended.ours, POLLRDHUP);
        check(shutdown(ended.ours, SHUT_WR), "shutdown");
        wait_for(ended.peers, POLLIN);
        close(ended.peers);
        ended_ = ended.ours;
        wait_for(ended_, POLLHUP);
    }

    void make_unix() {
        int ends[2];
        check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
        write_exactly(ends[1], "stays", "unix stream");
        write_exactly(ends[0], "is lost", "unix stream");
        close(ends[1]);
        left_ = ends[0];
        sockaddr_un name{};
        name.sun_family = AF_UNIX;
        std::memcpy(name.sun_path, "\0nap-forsaken", 13);
        const socklen_t size = sizeof(sa_family_t) + 13;
        const int receiver = open_socket(AF_UNIX, SOCK_DGRAM);
        check(bind(receiver, reinterpret_cast<const sockaddr*>(&name), size), "bind");
        forsaken_ = open_socket(AF_UNIX, SOCK_DGRAM);
        check(connect(forsaken_, reinterpret_cast<const sockaddr*>(&name), size), "connect");
        // One that was connected to us, too, and has thrown away what we have sent
        sockaddr_un ours{};
        ours.sun_family = AF_UNIX;
        socklen_t our_size = sizeof(sa_family_t);
        check(bind(forsaken_, reinterpret_cast<const sockaddr*>(&ours), our_size), "bind");
        our_size = sizeof ours;
        check(getsockname(forsaken_, reinterpret_cast<sockaddr*>(&ours), &our_size), "getsockname");
        check(connect(receiver, reinterpret_cast<const sockaddr*>(&ours), our_size), "connect");
        check(send(forsaken_, "x", 1, 0), "send");
        ours.sun_family = AF_UNSPEC;
        check(connect(receiver, reinterpret_cast<const sockaddr*>(&ours), sizeof(sa_family_t)), "disconnect");
        close(receiver);
    }

    std::string text_ = pattern_text(20'000, 61);
    int refused_datagram_ = -1, answered_ = -1, failed_connect_ = -1, reset_ = -1, ended_ = -1, left_ = -1,
        forsaken_ = -1;
};

NAP_GUEST_STATE("pending_errors", PendingErrors);

}  // namespace
}  // namespace guest
