// SPDX-License-Identifier: GPL-2.0-only
// Errors of datagrams that were refused, with what was sent, where, and who refused it (IP_RECVERR).
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "harness.hpp"
#include "sockets/message.hpp"

namespace guest {
namespace {

constexpr std::uint16_t kNobodysPort = 7420;
constexpr std::array kTexts = {"the first", "the second, which is longer"};

int refused(int family) {
    const int fd = static_cast<int>(check(socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket")), on = 1;
    sockaddr_in four{};
    four.sin_family = AF_INET, four.sin_port = htons(kNobodysPort),
    four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6, six.sin6_port = htons(kNobodysPort), six.sin6_addr = in6addr_loopback;
    const bool is_four = family == AF_INET;
    check(is_four ? setsockopt(fd, SOL_IP, IP_RECVERR, &on, sizeof on)
                  : setsockopt(fd, SOL_IPV6, IPV6_RECVERR, &on, sizeof on),
          "RECVERR");
    const auto* const to =
        is_four ? reinterpret_cast<const sockaddr*>(&four) : reinterpret_cast<const sockaddr*>(&six);
    for (const char* text : kTexts) {
        const auto send = [&] {
            return sendto(fd, text, std::char_traits<char>::length(text), 0, to,
                          is_four ? sizeof four : sizeof six);
        };
        // It tells of the error before, and sends nothing
        if (send() < 0) check(errno == ECONNREFUSED ? send() : -1, "sendto");
    }
    pollfd ready{fd, 0, 0};
    require(poll(&ready, 1, 5000) == 1 && (ready.revents & POLLERR) != 0, "nobody refuses a datagram");
    return fd;
}

class ErrorQueue : public State {
  public:
    void set_up() override {
        for (std::size_t i = 0; i < kFamilies.size(); ++i) sockets_[i] = refused(kFamilies[i]);
    }

    void verify() override {
        for (std::size_t i = 0; i < kFamilies.size(); ++i) {
            const int fresh = refused(kFamilies[i]);
            for (const char* text : kTexts) {
                const Message expected = receive(fresh, MSG_ERRQUEUE),
                              told = receive(sockets_[i], MSG_ERRQUEUE);
                require(expected.data == text, "another datagram was refused");
                const std::string changed = difference(told, expected);
                require(changed.empty(), "family ", kFamilies[i], ", ", text, ": ", changed);
            }
            int error = 0;
            socklen_t size = sizeof error;
            check(getsockopt(sockets_[i], SOL_SOCKET, SO_ERROR, &error, &size), "SO_ERROR");
            require(error == 0, "an error is pending though all were read: ", error);
            close(fresh);
            close(sockets_[i]);
        }
        set_up();
    }

    void damage() override { (void)receive(sockets_[0], MSG_ERRQUEUE); }

  private:
    static constexpr std::array kFamilies = {AF_INET, AF_INET6};
    std::array<int, 2> sockets_{-1, -1};
};

NAP_GUEST_STATE("error_queue", ErrorQueue);

}  // namespace
}  // namespace guest
