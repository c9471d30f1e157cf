// SPDX-License-Identifier: GPL-2.0-only
// A TCP connection half open: its client has the answer to its SYN, the listener waits for the client's next
// packet, which a filter keeps from it.
#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "harness.hpp"

namespace guest {
namespace {

// Passes SYNs only. A filter sees the TCP header first.
std::array<sock_filter, 4> only_syns() {
    return {{BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x02, 0, 1),
             BPF_STMT(BPF_RET | BPF_K, 0xffff), BPF_STMT(BPF_RET | BPF_K, 0)}};
}

class TcpHalfOpen : public State {
  public:
    void set_up() override {
        std::signal(SIGPIPE, SIG_IGN);
        listener_ = static_cast<int>(check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
        address_.sin_family = AF_INET;
        address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        check(bind(listener_, reinterpret_cast<sockaddr*>(&address_), size_), "bind");
        check(getsockname(listener_, reinterpret_cast<sockaddr*>(&address_), &size_), "getsockname");
        const int answers = 20;  // hours
        check(setsockopt(listener_, IPPROTO_TCP, TCP_SYNCNT, &answers, sizeof answers), "TCP_SYNCNT");
        check(listen(listener_, 4), "listen");
        open_half();
    }
    void verify() override {
        pollfd ready{listener_, POLLIN, 0};
        require(poll(&ready, 1, 0) == 0, "the connection is not half open");
        const int none = 0;
        check(setsockopt(listener_, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof none), "SO_DETACH_FILTER");
        write_exactly(client_, "now", "client");
        require(poll(&ready, 1, 10'000) == 1, "the listener does not take the connection");
        const int server = static_cast<int>(check(accept(listener_, nullptr, nullptr), "accept"));
        require(read_exactly(server, 3, "accepted connection") == "now", "another word came");
        write_exactly(server, "yes", "accepted connection");
        require(read_exactly(client_, 3, "client") == "yes", "another answer came");
        close(server);
        close(client_);
        open_half();
    }
    void damage() override {
        close(listener_);
        listener_ = -1;
    }

  private:
    void open_half() {
        auto filter = only_syns();
        const sock_fprog program{filter.size(), filter.data()};
        check(setsockopt(listener_, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program),
              "SO_ATTACH_FILTER");
        client_ = static_cast<int>(check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
        check(connect(client_, reinterpret_cast<sockaddr*>(&address_), size_), "connect");
    }

    int listener_ = -1, client_ = -1;
    sockaddr_in address_{};
    socklen_t size_ = sizeof address_;
};

NAP_GUEST_STATE("tcp-half-open", TcpHalfOpen);

}  // namespace
}  // namespace guest
