// SPDX-License-Identifier: GPL-2.0-only
#include "agent/connections/closed_before.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace nap::agent {

namespace {

using context::Connection;

constexpr int kNoQueue = 0, kReceiveQueue = 1, kSendQueue = 2;  // TCP_NO_QUEUE, ... of linux/tcp.h
constexpr int kRepairOff = -1;                                  // TCP_REPAIR_OFF_NO_WP: no packet is sent
constexpr std::size_t kPiece = 32 << 10;

class Repaired {
  public:
    static Result<Repaired> make(const Connection& of) {
        UniqueFd fd(::socket(of.six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP));
        if (!fd) return fail_errno("cannot make a TCP socket");
        return Repaired(std::move(fd), of);
    }

    Result<> connect(std::uint32_t receive, std::uint32_t send) {
        NAP_CHECK(set(IPPROTO_TCP, TCP_REPAIR, 1, "begin to repair"));
        NAP_CHECK(set(SOL_IP, IP_FREEBIND, 1, "bind freely"));
        if (of_.device != 0)
            NAP_CHECK(set(SOL_SOCKET, SO_BINDTOIFINDEX, static_cast<int>(of_.device), "bind to its device"));
        NAP_CHECK(queue_begins(kReceiveQueue, receive));
        NAP_CHECK(queue_begins(kSendQueue, send));
        if (!with(of_.local, of_.local_port, ::bind)) return failed("bind");
        if (!with(of_.remote, of_.remote_port, ::connect)) return failed("connect");
        return options();
    }

    // The first `sent` bytes have been on their way already.
    Result<> send(std::size_t sent) {
        const auto room = std::min<std::size_t>(of_.data.size() * 4 + (64 << 10), 1 << 30);
        NAP_CHECK(set(SOL_SOCKET, SO_SNDBUFFORCE, static_cast<int>(room), "make room for its bytes"));
        const std::span<const std::byte> all = of_.data;
        NAP_CHECK(queue(kSendQueue));
        NAP_CHECK(write(all.first(sent)));
        NAP_CHECK(queue(kNoQueue));
        if (sent == all.size()) return {};
        NAP_CHECK(set(IPPROTO_TCP, TCP_REPAIR, kRepairOff, "pause repairing"));
        NAP_CHECK(write(all.subspan(sent)));
        return set(IPPROTO_TCP, TCP_REPAIR, 1, "go on repairing");
    }

    // `behind_fin`: the peer's FIN is still to come.
    Result<> windows(bool behind_fin) {
        const std::uint32_t fin = behind_fin ? 1 : 0;
        const tcp_repair_window window{.snd_wl1 = of_.send_window_at,
                                       .snd_wnd = of_.send_window,
                                       .max_window = std::max(of_.largest_window, of_.send_window),
                                       .rcv_wnd = of_.receive_window + fin,
                                       .rcv_wup = of_.receive_window_at - fin};
        return set(IPPROTO_TCP, TCP_REPAIR_WINDOW, window, "set the windows");
    }

    Result<> shut_down(bool sent) {
        NAP_CHECK(queue(sent ? kSendQueue : kNoQueue));
        if (::shutdown(fd_.get(), SHUT_WR) != 0) return failed("shut down");
        return queue(kNoQueue);
    }

    Result<> close() {
        NAP_CHECK(set(IPPROTO_TCP, TCP_REPAIR, kRepairOff, "end repairing"));
        fd_.reset();
        return {};
    }

  private:
    Repaired(UniqueFd fd, const Connection& of) : fd_(std::move(fd)), of_(of) {}

    static std::unexpected<Error> failed(const char* what) {
        return fail_errno(std::string("cannot ") + what + " a connection that was closed");
    }

    template <class T>
    Result<> set(int level, int name, const T& value, const char* what) {
        if (::setsockopt(fd_.get(), level, name, &value, sizeof value) != 0) return failed(what);
        return {};
    }
    Result<> queue(int which) { return set(IPPROTO_TCP, TCP_REPAIR_QUEUE, which, "choose a queue of"); }
    Result<> queue_begins(int which, std::uint32_t sequence) {
        NAP_CHECK(queue(which));
        return set(IPPROTO_TCP, TCP_QUEUE_SEQ, sequence, "set a sequence number of");
    }

    template <class Call>
    bool with(const context::InternetAddress& address, std::uint16_t port, Call call) {
        if (of_.six) {
            sockaddr_in6 six{};
            six.sin6_family = AF_INET6;
            six.sin6_port = htons(port);
            six.sin6_scope_id = of_.device;
            std::memcpy(&six.sin6_addr, address.data(), sizeof six.sin6_addr);
            return call(fd_.get(), reinterpret_cast<const sockaddr*>(&six), sizeof six) == 0;
        }
        sockaddr_in four{};
        four.sin_family = AF_INET;
        four.sin_port = htons(port);
        std::memcpy(&four.sin_addr, address.data() + 12, sizeof four.sin_addr);
        return call(fd_.get(), reinterpret_cast<const sockaddr*>(&four), sizeof four) == 0;
    }

    Result<> options() {
        std::vector<tcp_repair_opt> agreed;
        if (of_.sack) agreed.push_back({TCPOPT_SACK_PERMITTED, 0});
        if (of_.scaling)
            agreed.push_back({TCPOPT_WINDOW, of_.send_scale | std::uint32_t{of_.receive_scale} << 16});
        if (of_.timestamps) agreed.push_back({TCPOPT_TIMESTAMP, 0});
        if (of_.mss != 0) agreed.push_back({TCPOPT_MAXSEG, of_.mss});
        const auto size = static_cast<socklen_t>(agreed.size() * sizeof agreed[0]);
        if (size != 0 && ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_REPAIR_OPTIONS, agreed.data(), size) != 0)
            return failed("set the options of");
        return of_.timestamps ? set(IPPROTO_TCP, TCP_TIMESTAMP, of_.timestamp, "set the timestamp of")
                              : Result<>{};
    }

    Result<> write(std::span<const std::byte> bytes) {
        while (!bytes.empty()) {
            const auto sent = ::send(fd_.get(), bytes.data(), std::min(bytes.size(), kPiece), MSG_DONTWAIT);
            if (sent <= 0) return failed("give its bytes to");
            bytes = bytes.subspan(static_cast<std::size_t>(sent));
        }
        return {};
    }

    UniqueFd fd_;
    const Connection& of_;
};

}  // namespace

Result<> close_again(const Connection& connection, const Injector& injector) {
    const bool peer_first = connection.state == TCP_LAST_ACK,
               peer_ended = peer_first || connection.state == TCP_CLOSING,
               acknowledged = connection.state == TCP_FIN_WAIT2;
    const std::uint32_t receive = connection.receive_next - (peer_ended ? 1 : 0),
                        send = connection.send_unacknowledged - (acknowledged ? 1 : 0);
    const std::size_t under_way = connection.send_next - connection.send_unacknowledged;
    const bool fin_sent = acknowledged || under_way > connection.data.size();

    NAP_TRY(Repaired socket, Repaired::make(connection));
    NAP_CHECK(socket.connect(receive, send));
    NAP_CHECK(socket.send(std::min(under_way, connection.data.size())));
    NAP_CHECK(socket.windows(peer_ended));
    if (!peer_first) NAP_CHECK(socket.shut_down(fin_sent));
    Segment from = from_peer(connection);
    from.sequence = receive;
    from.acknowledgement = connection.send_unacknowledged;
    from.flags = peer_ended ? kAck | kFin : kAck;
    if (peer_ended || acknowledged) NAP_CHECK(injector.send(from));
    if (peer_first) NAP_CHECK(socket.shut_down(fin_sent));
    return socket.close();
}

}  // namespace nap::agent
