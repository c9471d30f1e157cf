// SPDX-License-Identifier: GPL-2.0-only
// Connections whose handshake is not finished: the listener has answered the client's SYN, and has not heard
// of it since. Either the answer was lost, or what the client said then: it takes the connection for
// established, and its next word is what finishes the handshake. Or it was heard, but the
// listener waits for a word of the client's, too (TCP_DEFER_ACCEPT). Filters on the sockets are what loses
// packets.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "harness.hpp"

namespace guest {
namespace {

constexpr std::uint32_t kFirst = 0x12345678;
constexpr int kRepeats = 60, kPatience = 20'000, kBetween = 700;  // of answers to a SYN; ms

// A socket's filter sees the TCP header first.
void let_pass_only_flags(int fd, std::uint8_t mask, std::uint8_t flags) {
    std::array<sock_filter, 5> code{{{BPF_LD | BPF_B | BPF_ABS, 0, 0, 13},
                                     {BPF_ALU | BPF_AND | BPF_K, 0, 0, mask},
                                     {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, flags},
                                     {BPF_RET | BPF_K, 0, 0, 0xffff},
                                     {BPF_RET | BPF_K, 0, 0, 0}}};
    const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
    check(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), "SO_ATTACH_FILTER");
}

void let_all_pass(int fd) {
    const int none = 0;
    check(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof none), "SO_DETACH_FILTER");
}

int open_socket(int family, int further = 0) {
    return static_cast<int>(check(socket(family, SOCK_STREAM | SOCK_CLOEXEC | further, 0), "socket"));
}

// Its first byte's number, which the kernel chooses else.
void begin_at(int fd, std::uint32_t first) {
    const int on = 1, off = 0, send_queue = TCP_SEND_QUEUE;
    check(setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof on), "TCP_REPAIR");
    check(setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, &send_queue, sizeof send_queue), "TCP_REPAIR_QUEUE");
    check(setsockopt(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, &first, sizeof first), "TCP_QUEUE_SEQ");
    check(setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &off, sizeof off), "TCP_REPAIR");
}

// RFC 9293, 3.1: of a header alone, from a loopback address to itself.
std::uint16_t checksum(const tcphdr& header, int family) {
    std::uint32_t sum = IPPROTO_TCP + sizeof header;
    sum += family == AF_INET6 ? 2 : 2 * (0x7f00 + 0x0001);
    std::array<std::uint8_t, sizeof header> bytes{};
    std::memcpy(bytes.data(), &header, sizeof header);
    for (std::size_t at = 0; at < bytes.size(); at += 2)
        sum += static_cast<std::uint32_t>(bytes[at] << 8 | bytes[at + 1]);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    return htons(static_cast<std::uint16_t>(~sum));
}

class Pair {
  public:
    enum class What { answer_lost, client_lost, deferred };

    Pair(int family, What what) : answer_lost_(what == What::answer_lost), deferred_(what == What::deferred) {
        address_.sin6_family = static_cast<sa_family_t>(family);
        if (family == AF_INET6) address_.sin6_addr = in6addr_loopback;
        if (family == AF_INET)
            reinterpret_cast<sockaddr_in*>(&address_)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        listener_ = open_socket(family, SOCK_NONBLOCK);
        check(setsockopt(listener_, IPPROTO_TCP, TCP_SYNCNT, &kRepeats, sizeof kRepeats), "TCP_SYNCNT");
        const int seconds = 3600;
        if (deferred_)
            check(setsockopt(listener_, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof seconds),
                  "TCP_DEFER_ACCEPT");
        check(bind(listener_, address(), size_), "bind");
        check(getsockname(listener_, address(), &size_), "getsockname");
        check(listen(listener_, 16), "listen");
        begin();
    }

    void begin() {
        client_ = open_socket(address_.sin6_family, SOCK_NONBLOCK);
        begin_at(client_, kFirst);
        check(setsockopt(client_, IPPROTO_TCP, TCP_SYNCNT, &kRepeats, sizeof kRepeats), "TCP_SYNCNT");
        if (answer_lost_)
            let_pass_only_flags(client_, 0xff, 0xff);
        else if (!deferred_)
            let_pass_only_flags(listener_, TH_SYN | TH_ACK, TH_SYN);
        require(connect(client_, address(), size_) == -1 && errno == EINPROGRESS,
                "connect: ", std::strerror(errno));
        if (!answer_lost_) wait_for(client_, POLLOUT, "the client is not connected");
        require(accept(listener_, nullptr, nullptr) == -1 && errno == EAGAIN, "it is there too early");
    }

    // The client knew of it, or hears of it now, and both can talk.
    void finish(const std::string& name) {
        pollfd known{client_, POLLOUT, 0};
        require(poll(&known, 1, 0) == (answer_lost_ ? 0 : 1) && (known.revents & POLLERR) == 0, name,
                ": the client's connection has changed");
        require(accept(listener_, nullptr, nullptr) == -1 && errno == EAGAIN, name,
                ": it is there too early");
        if (!deferred_) let_all_pass(answer_lost_ ? client_ : listener_);
        if (answer_lost_) say_again_until_answered();
        wait_for(client_, POLLOUT, name + ": the client is not connected");
        int error = 0;
        socklen_t size = sizeof error;
        check(getsockopt(client_, SOL_SOCKET, SO_ERROR, &error, &size), "SO_ERROR");
        require(error == 0, name, ": the client's connection: ", std::strerror(error));
        write_exactly(client_, "question", "client");
        wait_for(listener_, POLLIN, name + ": it never comes");
        const int server = static_cast<int>(check(accept(listener_, nullptr, nullptr), "accept"));
        require(read_exactly(server, 8, "accepted connection") == "question", name, ": another word came");
        write_exactly(server, "answer", "accepted connection");
        require(read_exactly(client_, 6, "client") == "answer", name, ": another answer came");
        close(server), close(client_);
    }

    void damage() const { check(listen(listener_, 0), "listen"), close(client_); }

  private:
    sockaddr* address() { return reinterpret_cast<sockaddr*>(&address_); }

    // One that comes within half a second of another is not answered (tcp_invalid_ratelimit).
    void say_again_until_answered() {
        pollfd answered{client_, POLLOUT, 0};
        for (int waited = 0; waited < kPatience; waited += kBetween) {
            say_again();
            if (poll(&answered, 1, kBetween) == 1) return;
        }
    }

    // The client's SYN, which the kernel itself repeats ever more rarely: after minutes not within kPatience.
    void say_again() {
        sockaddr_in6 from{};
        socklen_t size = size_;
        check(getsockname(client_, reinterpret_cast<sockaddr*>(&from), &size), "getsockname");
        tcphdr syn{};
        syn.th_sport = from.sin6_port;
        syn.th_dport = address_.sin6_port;
        syn.th_seq = htonl(kFirst);
        syn.th_off = sizeof syn / 4;
        syn.th_flags = TH_SYN;
        syn.th_win = 0xffff;
        syn.th_sum = checksum(syn, address_.sin6_family);
        const int raw =
            static_cast<int>(check(socket(address_.sin6_family, SOCK_RAW, IPPROTO_TCP), "raw socket"));
        sockaddr_in6 to = address_;
        if (to.sin6_family == AF_INET6) to.sin6_port = 0;
        check(sendto(raw, &syn, sizeof syn, 0, reinterpret_cast<const sockaddr*>(&to), size_), "sendto");
        close(raw);
    }

    static void wait_for(int fd, short events, const std::string& otherwise) {
        pollfd ready{fd, events, 0};
        require(poll(&ready, 1, kPatience) == 1, otherwise);
    }

    bool answer_lost_, deferred_;
    int listener_ = -1, client_ = -1;
    sockaddr_in6 address_{};
    socklen_t size_ = sizeof address_;
};

class TcpHalfOpen : public State {
  public:
    void set_up() override {}
    void verify() override {
        for (auto& [name, pair] : pairs_) {
            pair.finish(name);
            pair.begin();
        }
    }
    void damage() override { pairs_[0].pair.damage(); }

  private:
    struct Named {
        const char* name;
        Pair pair;
    };
    using enum Pair::What;
    std::array<Named, 6> pairs_{{{"IPv4, our answer lost", {AF_INET, answer_lost}},
                                 {"IPv4, the client's lost", {AF_INET, client_lost}},
                                 {"IPv4, deferred", {AF_INET, deferred}},
                                 {"IPv6, our answer lost", {AF_INET6, answer_lost}},
                                 {"IPv6, the client's lost", {AF_INET6, client_lost}},
                                 {"IPv6, deferred", {AF_INET6, deferred}}}};
};

NAP_GUEST_STATE("tcp-half-open", TcpHalfOpen);

}  // namespace
}  // namespace guest
