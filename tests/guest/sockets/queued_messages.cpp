// SPDX-License-Identifier: GPL-2.0-only
// Messages that nobody has read yet: who sent them, from which address, when; also of senders that are gone.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "child.hpp"
#include "harness.hpp"
#include "sockets/message.hpp"

namespace guest {
namespace {

int open_socket(int family, int type) {
    return static_cast<int>(check(socket(family, type | SOCK_CLOEXEC, 0), "socket"));
}

void turn_on(int fd, int level, int name) {
    const int on = 1;
    check(setsockopt(fd, level, name, &on, sizeof on), "setsockopt");
}

// A queue and what it holds, which is noted by looking, read and compared after an update, and set up again.
class Queue {
  public:
    // `empty`: so many messages without data follow. They must not be looked at: who looks twice does not see
    // them.
    Queue(std::string name, int fd, std::size_t count, std::size_t empty)
        : name_(std::move(name)), fd_(fd), empty_(empty) {
        const int from = 0, none = -1;
        check(setsockopt(fd_, SOL_SOCKET, SO_PEEK_OFF, &from, sizeof from), "SO_PEEK_OFF");
        for (std::size_t i = 0; i < count; ++i) before_.push_back(receive(fd_, MSG_PEEK));
        check(setsockopt(fd_, SOL_SOCKET, SO_PEEK_OFF, &none, sizeof none), "SO_PEEK_OFF");
    }
    void verify() const {
        for (std::size_t i = 0; i < before_.size(); ++i) {
            const auto now = receive(fd_);
            require(now == before_[i], name_, ", message ", i, ": ", difference(now, before_[i]));
        }
        for (std::size_t i = 0; i < empty_; ++i)
            require(receive(fd_).data.empty(), name_, ": a message without data has some");
        char byte = 0;
        require(recv(fd_, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN, name_, " has more messages");
    }

  private:
    std::string name_;
    int fd_;
    std::size_t empty_;
    std::vector<Message> before_;
};

sockaddr_un unix_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path);
    return address;
}

socklen_t size_of(const std::string& path) {
    return static_cast<socklen_t>(sizeof(sa_family_t) + path.size() + (path[0] == '\0' ? 0 : 1));
}

class UnixQueues : public State {
  public:
    void set_up() override {
        path_ = disk_directory("unix_queues") + "/log";
        receiver_ = open_socket(AF_UNIX, SOCK_DGRAM);
        const auto address = unix_address(path_);
        check(bind(receiver_, reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
        check(chmod_all(), "chmod");
        turn_on(receiver_, SOL_SOCKET, SO_PASSCRED);
        turn_on(receiver_, SOL_SOCKET, SO_TIMESTAMPNS);
        plain_ = open_socket(AF_UNIX, SOCK_DGRAM);
        const auto other = unix_address(path_ + "2");
        check(bind(plain_, reinterpret_cast<const sockaddr*>(&other), sizeof other), "bind");
        check(socketpair(AF_UNIX, SOCK_STREAM, 0, stream_), "socketpair");
        check(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, packets_), "socketpair");
        turn_on(stream_[0], SOL_SOCKET, SO_PASSCRED);
        turn_on(packets_[0], SOL_SOCKET, SO_PASSCRED);
        queue();
    }

    void verify() override {
        for (const Queue& queue : queues_) queue.verify();
        queue();
    }

    void damage() override { write_exactly(packets_[1], "one more", "seqpacket"); }

  private:
    [[nodiscard]] int chmod_all() const {
        const std::string directory = path_.substr(0, path_.rfind('/'));
        return ::chmod(directory.c_str(), 0777) != 0 || ::chmod(path_.c_str(), 0666) != 0 ? -1 : 0;
    }

    // From a socket of that address, which goes at once; its name, too.
    static void send_from(const std::string& from, const std::string& to, const std::string& data) {
        const int fd = open_socket(AF_UNIX, SOCK_DGRAM);
        if (!from.empty()) {
            const auto address = unix_address(from);
            check(bind(fd, reinterpret_cast<const sockaddr*>(&address), size_of(from)), "bind");
        }
        const auto receiver = unix_address(to);
        check(sendto(fd, data.data(), data.size(), 0, reinterpret_cast<const sockaddr*>(&receiver),
                     sizeof receiver),
              "sendto");
        if (!from.empty() && from[0] != '\0') unlink(from.c_str());
        close(fd);
    }

    void queue() {
        in_process([this] { send_from({}, path_, "from the dead"); }, 1201);
        in_process([this] { send_from(path_ + ".gone", path_, "from a name that is gone"); }, 1202);
        in_process([this] { send_from(std::string("\0nap-abstract", 13), path_, "abstract"); });
        send_from(path_ + ".own", path_, "from myself");
        send_from({}, path_, {});
        send_from(std::string("\0nap-plain", 10), path_ + "2", "nobody asked who");
        in_process([this] { write_exactly(stream_[1], "one ", "stream"); }, 1204);
        write_exactly(stream_[1], "two", "stream");
        in_process([this] { write_exactly(packets_[1], "packet", "seqpacket"); }, 1205);
        write_exactly(packets_[1], "last", "seqpacket");
        check(send(packets_[1], "", 0, 0), "send");
        queues_.clear();
        queues_.emplace_back("datagrams", receiver_, 4, 1);
        queues_.emplace_back("without credentials", plain_, 1, 0);
        queues_.emplace_back("stream", stream_[0], 2, 0);
        queues_.emplace_back("packets", packets_[0], 2, 1);
    }

    std::string path_;
    int receiver_ = -1, plain_ = -1, stream_[2]{}, packets_[2]{};
    std::vector<Queue> queues_;
};

class UdpQueues : public State {
  public:
    void set_up() override {
        four_ = bound(AF_INET), six_ = bound(AF_INET6), silent_ = bound(AF_INET);
        for (const int option : {IP_PKTINFO, IP_RECVTTL, IP_RECVTOS}) turn_on(four_, IPPROTO_IP, option);
        for (const int option : {IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS})
            turn_on(six_, IPPROTO_IPV6, option);
        turn_on(four_, SOL_SOCKET, SO_TIMESTAMPNS), turn_on(six_, SOL_SOCKET, SO_TIMESTAMP);
        queue();
    }

    void verify() override {
        for (const Queue& queue : queues_) queue.verify();
        queue();
    }

    void damage() override { send_to(AF_INET, four_, "one more", 64); }

  private:
    static int bound(int family) {
        const int fd = open_socket(family, SOCK_DGRAM);
        sockaddr_storage any{};
        any.ss_family = static_cast<sa_family_t>(family);
        check(bind(fd, reinterpret_cast<const sockaddr*>(&any),
                   family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6)),
              "bind");
        return fd;
    }

    static void send_to(int family, int to, const std::string& data, int ttl) {
        sockaddr_in6 address{};
        socklen_t size = sizeof address;
        check(getsockname(to, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
        const in_port_t port = address.sin6_port;
        const int fd = open_socket(family, SOCK_DGRAM), tos = 0x48;
        sockaddr_in four{};
        four.sin_family = AF_INET, four.sin_port = port, four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin6_addr = in6addr_loopback;
        check(setsockopt(fd, family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
                         family == AF_INET ? IP_TTL : IPV6_UNICAST_HOPS, &ttl, sizeof ttl),
              "time to live");
        check(setsockopt(fd, family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
                         family == AF_INET ? IP_TOS : IPV6_TCLASS, &tos, sizeof tos),
              "class");
        check(sendto(fd, data.data(), data.size(), 0,
                     family == AF_INET ? reinterpret_cast<const sockaddr*>(&four)
                                       : reinterpret_cast<const sockaddr*>(&address),
                     family == AF_INET ? sizeof four : sizeof address),
              "sendto");
        close(fd);
    }

    void queue() {
        for (const int to : {four_, silent_}) {
            send_to(AF_INET, to, "first", 17);
            send_to(AF_INET, to, pattern_text(9000, 31), 64);
            send_to(AF_INET, to, {}, 64);
        }
        send_to(AF_INET6, six_, "six", 33);
        send_to(AF_INET, six_, "four", 34);
        send_to(AF_INET6, six_, pattern_text(30'000, 32), 64);
        queues_.clear();
        queues_.emplace_back("IPv4", four_, 2, 1);
        queues_.emplace_back("IPv6", six_, 3, 0);
        queues_.emplace_back("without notes", silent_, 2, 1);
    }

    int four_ = -1, six_ = -1, silent_ = -1;
    std::vector<Queue> queues_;
};

NAP_GUEST_STATE("unix_queues", UnixQueues);
NAP_GUEST_STATE("udp_queues", UdpQueues);

}  // namespace
}  // namespace guest
