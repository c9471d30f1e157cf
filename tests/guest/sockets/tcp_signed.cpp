// SPDX-License-Identifier: GPL-2.0-only
// TCP connections signed with a key (TCP_MD5SIG), as routers have between them.
#include <arpa/inet.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "harness.hpp"

namespace guest {
namespace {

class TcpSigned : public State {
  public:
    void set_up() override {
        listener_ = open_socket();
        sockaddr_in address = loopback(0);
        check(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), "bind");
        socklen_t size = sizeof address;
        check(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
        port_ = ntohs(address.sin_port);
        set_key(listener_, kKey);
        check(listen(listener_, 8), "listen");
        client_ = connect_with(kKey);
        server_ = static_cast<int>(check(accept(listener_, nullptr, nullptr), "accept"));
        write_exactly(client_, "waiting", "signed connection");
    }

    void verify() override {
        require(read_exactly(server_, 7, "signed connection") == "waiting", "its content changed");
        write_exactly(server_, "answer", "signed connection");
        require(read_exactly(client_, 6, "signed connection") == "answer", "its content changed");
        write_exactly(client_, "waiting", "signed connection");
        const int same = connect_with(kKey);
        require(is_connected(same, 2000), "the listener does not know its key");
        close(same), close(static_cast<int>(check(accept(listener_, nullptr, nullptr), "accept")));
        const int unsigned_one = connect_with(nullptr);
        require(!is_connected(unsigned_one, 300), "the listener takes connections without a key");
        close(unsigned_one);
    }

    void damage() override { set_key(server_, "another"); }

  private:
    static constexpr const char* kKey = "a key of routers";

    static int open_socket() {
        return static_cast<int>(check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    }

    static sockaddr_in loopback(int port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return address;
    }

    static void set_key(int fd, const char* key) {
        tcp_md5sig request{};
        const sockaddr_in peer = loopback(0);
        std::memcpy(&request.tcpm_addr, &peer, sizeof peer);
        request.tcpm_keylen = static_cast<__u16>(std::strlen(key));
        std::memcpy(request.tcpm_key, key, request.tcpm_keylen);
        check(setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &request, sizeof request), "TCP_MD5SIG");
    }

    [[nodiscard]] int connect_with(const char* key) const {
        const int fd =
            static_cast<int>(check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket"));
        if (key != nullptr) set_key(fd, key);
        const sockaddr_in address = loopback(port_);
        const int result = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
        require(result == 0 || errno == EINPROGRESS, "connect: ", std::strerror(errno));
        return fd;
    }

    static bool is_connected(int fd, int milliseconds) {
        pollfd ready{fd, POLLOUT, 0};
        return poll(&ready, 1, milliseconds) == 1 && (ready.revents & POLLERR) == 0;
    }

    int listener_ = -1, client_ = -1, server_ = -1, port_ = 0;
};

NAP_GUEST_STATE("tcp_signed", TcpSigned);

}  // namespace
}  // namespace guest
