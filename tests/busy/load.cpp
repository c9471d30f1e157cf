// SPDX-License-Identifier: GPL-2.0-only
#include "load.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

namespace busy {

namespace {

constexpr int kBacklog = 64;

[[noreturn]] void give_up(const char* what) {
    std::perror(what);
    _exit(1);
}

std::int64_t now() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

void wait_until(std::int64_t instant) {
    const timespec time{instant / 1'000'000'000, instant % 1'000'000'000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr) == EINTR) {
    }
}

const sockaddr* pointer(const Address& address) {
    return reinterpret_cast<const sockaddr*>(&address.bytes);
}

// What was asked, one more. A message keeps its bounds on SOCK_SEQPACKET.
std::uint64_t answer(std::uint64_t question) {
    return question + 1;
}

// Nothing, or what went wrong.
const char* request(const Address& address, int fd, std::uint64_t question) {
    if (connect(fd, pointer(address), address.size) != 0) return "connect";
    errno = 0;
    if (send(fd, &question, sizeof question, MSG_NOSIGNAL) != sizeof question) return "send";
    std::uint64_t got = 0;
    errno = 0;
    if (recv(fd, &got, sizeof got, MSG_WAITALL) != sizeof got) return "read the answer";
    if (got != answer(question)) return "understand the answer";
    if (recv(fd, &got, sizeof got, 0) != 0) return "read the end";
    return nullptr;
}

}  // namespace

int open_listener(const std::string& kind, const std::string& directory, int index, Address& address) {
    const bool local = kind == "unix" || kind == "seqpacket";
    const int family = local ? AF_UNIX : kind == "tcp6" ? AF_INET6 : AF_INET;
    const int fd = socket(family, (kind == "seqpacket" ? SOCK_SEQPACKET : SOCK_STREAM) | SOCK_CLOEXEC, 0);
    if (fd < 0) give_up("socket");
    address.bytes.ss_family = static_cast<sa_family_t>(family);
    if (local) {
        auto& name = reinterpret_cast<sockaddr_un&>(address.bytes);
        const std::string path = directory + "/" + kind + std::to_string(index);
        unlink(path.c_str());
        path.copy(name.sun_path, sizeof name.sun_path - 1);
        address.size = sizeof name;
    } else if (family == AF_INET6) {
        reinterpret_cast<sockaddr_in6&>(address.bytes).sin6_addr = in6addr_loopback;
        address.size = sizeof(sockaddr_in6);
    } else {
        reinterpret_cast<sockaddr_in&>(address.bytes).sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.size = sizeof(sockaddr_in);
    }
    if (bind(fd, pointer(address), address.size) != 0) give_up("bind");
    if (!local) getsockname(fd, reinterpret_cast<sockaddr*>(&address.bytes), &address.size);
    if (listen(fd, kBacklog) != 0) give_up("listen");
    return fd;
}

void serve(int listener) {
    for (;;) {
        const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) continue;
        std::uint64_t question = 0;
        if (recv(fd, &question, sizeof question, MSG_WAITALL) == sizeof question) {
            question = answer(question);
            (void)send(fd, &question, sizeof question, MSG_NOSIGNAL);
        }
        close(fd);
    }
}

void ask(const Address& address, std::int64_t period_ns, Account& account) {
    const int family = address.bytes.ss_family;
    int type = SOCK_STREAM;
    if (family == AF_UNIX &&
        std::strstr(reinterpret_cast<const sockaddr_un&>(address.bytes).sun_path, "/seqpacket"))
        type = SOCK_SEQPACKET;
    std::int64_t next = now();
    for (std::uint64_t question = 0;; ++question) {
        wait_until(next);
        next = std::max(next + period_ns, now());
        const int fd = socket(family, type | SOCK_CLOEXEC, 0);
        if (const char* lost = fd < 0 ? "open a socket" : request(address, fd, question)) {
            const int error = errno;
            if (account.lost.fetch_add(1) == 0)
                std::snprintf(account.first_loss, sizeof account.first_loss, "cannot %s: %s", lost,
                              std::strerror(error));
        } else {
            account.answered.fetch_add(1);
        }
        // Reset: no port is kept waiting
        const linger reset{1, 0};
        if (family != AF_UNIX) setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(fd);
    }
}

}  // namespace busy
