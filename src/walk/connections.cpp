// SPDX-License-Identifier: GPL-2.0-only
#include "walk/connections.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstring>
#include <functional>
#include <string>

#include "walk/kernel_memory.hpp"
#include "walk/socket_buffers.hpp"
#include "walk/tasks.hpp"

namespace nap::walk {

namespace {

using context::Connection;

constexpr std::uint64_t kMostBuckets = 1 << 24, kMostSockets = 1 << 22;
constexpr std::uint8_t kHalfOpen = 12;  // TCP_NEW_SYN_RECV
constexpr std::size_t kMostConnections = 100'000;

class Finder {
  public:
    Finder(const StoppedKernel& kernel, const KernelMemory& memory)
        : kernel_(kernel),
          at_(kernel.sockets),
          reader_(memory),
          buffers_(reader_, at_, kernel.layout.page_size, kernel.user_memory, kernel.user) {}

    Result<std::vector<Connection>> find() {
        NAP_TRY(const auto init, find_task(reader_.memory(), kernel_.layout, kernel_.anchors.init_task,
                                           kernel_.init_host_pid));
        net_ = reader_.pointer(reader_.pointer(init + at_.task_nsproxy) + at_.nsproxy_net);
        const auto tables = reader_.pointer(net_ + at_.net_hashinfo);
        NAP_CHECK(each(reader_.pointer(tables + at_.hash_listening),
                       reader_.word(tables + at_.hash_listening_mask), at_.listening_bucket_size,
                       at_.listening_bucket_head, [this](std::uint64_t sock) { return listener(sock); }));
        NAP_CHECK(each(reader_.pointer(tables + at_.hash_established),
                       reader_.word(tables + at_.hash_established_mask), sizeof(std::uint64_t), 0,
                       [this](std::uint64_t sock) { return connected(sock); }));
        return std::move(found_);
    }

  private:
    using Visit = std::function<Result<>(std::uint64_t sock)>;
    Result<> each(std::uint64_t table, std::uint64_t mask, std::uint64_t size, std::uint64_t head,
                  const Visit& visit);
    Result<> listener(std::uint64_t sock);
    Result<> connected(std::uint64_t sock);
    Result<> waiting(std::uint64_t listener, std::uint64_t request, std::uint64_t sock);
    Result<> unowned(std::uint64_t sock);
    void closing(std::uint64_t sock);
    Connection begin(Connection::Kind kind, std::uint64_t sock);
    void agreed(Connection& connection, std::uint64_t request);
    void progress(Connection& connection, std::uint64_t sock);
    Result<> add(Connection connection);

    const StoppedKernel& kernel_;
    const SocketLayout& at_;
    Reader reader_;
    SocketBuffers buffers_;
    std::uint64_t net_ = 0;
    std::vector<Connection> found_;
};

// A bucket's chain ends with an odd number (include/linux/list_nulls.h).
Result<> Finder::each(std::uint64_t table, std::uint64_t mask, std::uint64_t size, std::uint64_t head,
                      const Visit& visit) {
    NAP_CHECK(reader_.check("the kernel's tables of sockets"));
    if (mask >= kMostBuckets)
        return fail(ErrorKind::protocol, "Reading the kernel's tables of sockets failed: one has " +
                                             std::to_string(mask) + " buckets.");
    std::uint64_t sockets = 0;
    for (std::uint64_t bucket = 0; bucket <= mask; ++bucket) {
        auto node = reader_.pointer(table + bucket * size + head);
        for (; (node & 1) == 0 && node != 0; node = reader_.pointer(node)) {
            if (++sockets == kMostSockets)
                return fail(ErrorKind::protocol,
                            "Reading the kernel's tables of sockets failed: one has no end.");
            const auto sock = node - at_.common_node;
            if (reader_.pointer(sock + at_.common_net) == net_) NAP_CHECK(visit(sock));
        }
        NAP_CHECK(reader_.check("the kernel's tables of sockets"));
    }
    return {};
}

Result<> Finder::listener(std::uint64_t sock) {
    std::size_t count = 0;
    for (auto request = reader_.pointer(sock + at_.listener_accept_head); request != 0;
         request = reader_.pointer(request + at_.request_next)) {
        if (++count == kMostConnections)
            return fail(ErrorKind::protocol, "Reading a listener's queue failed: it has no end.");
        NAP_CHECK(waiting(sock, request, reader_.pointer(request + at_.request_sock)));
        NAP_CHECK(reader_.check("a listener's queue"));
    }
    return {};
}

Result<> Finder::connected(std::uint64_t sock) {
    switch (reader_.byte(sock + at_.common_state)) {
        case kHalfOpen: {
            auto connection = begin(Connection::Kind::half_open, sock);
            agreed(connection, sock);
            return add(std::move(connection));
        }
        case TCP_TIME_WAIT:
            if (reader_.byte(sock + at_.closing_substate) == TCP_FIN_WAIT2) closing(sock);
            return {};
        case TCP_FIN_WAIT1:
        case TCP_FIN_WAIT2:
        case TCP_LAST_ACK:
        case TCP_CLOSING:
            return reader_.pointer(sock + at_.sock_socket) == 0 ? unowned(sock) : Result<>{};
        default:
            return {};
    }
}

Connection Finder::begin(Connection::Kind kind, std::uint64_t sock) {
    Connection connection;
    connection.kind = kind;
    connection.state = reader_.byte(sock + at_.common_state);
    connection.six = reader_.half(sock + at_.common_family) == AF_INET6;
    connection.device = reader_.word(sock + at_.common_device);
    const auto port = reader_.half(sock + at_.common_remote_port);  // in network order
    connection.remote_port = static_cast<std::uint16_t>(port << 8 | port >> 8);
    connection.local_port = reader_.half(sock + at_.common_local_port);
    const auto address = [&](context::InternetAddress& into, std::uint64_t four, std::uint64_t six) {
        if (connection.six) {
            for (std::size_t i = 0; i < into.size(); ++i) into[i] = std::byte{reader_.byte(sock + six + i)};
        } else {
            into[10] = into[11] = std::byte{0xff};
            const auto bytes = reader_.word(sock + four);
            std::memcpy(into.data() + 12, &bytes, sizeof bytes);
        }
    };
    address(connection.local, at_.common_local4, at_.common_local6);
    address(connection.remote, at_.common_remote4, at_.common_remote6);
    return connection;
}

// struct inet_request_sock: snd_wscale, rcv_wscale (4 bits each), tstamp_ok, sack_ok, wscale_ok, ecn_ok,
// acked
void Finder::agreed(Connection& connection, std::uint64_t request) {
    const auto scales = reader_.byte(request + at_.request_flags),
               flags = reader_.byte(request + at_.request_flags + 1);
    connection.send_scale = scales & 15;
    connection.receive_scale = scales >> 4;
    connection.timestamps = (flags & 1) != 0;
    connection.sack = (flags & 2) != 0;
    connection.scaling = (flags & 4) != 0;
    connection.ecn = (flags & 8) != 0;
    connection.acknowledged = (flags & 16) != 0;
    // In struct request_sock, behind the count of answers that were repeated: syncookie, num_timeout (7 bits)
    connection.timeouts = reader_.byte(request + at_.request_retransmits + 1) >> 1;
    connection.mss = reader_.half(request + at_.request_mss);
    connection.peer_timestamp = reader_.word(request + at_.request_peer_timestamp);
    connection.receive_initial = reader_.word(request + at_.request_receive_initial);
    connection.send_initial = reader_.word(request + at_.request_send_initial);
    connection.timestamp = reader_.word(request + at_.request_timestamp_offset) +
                           static_cast<std::uint32_t>(kernel_.monotonic_ms);
}

void Finder::progress(Connection& connection, std::uint64_t sock) {
    connection.receive_next = reader_.word(sock + at_.tcp_receive_next);
    connection.receive_window = reader_.word(sock + at_.tcp_receive_window);
    connection.receive_window_at = reader_.word(sock + at_.tcp_receive_window_at);
    connection.send_next = reader_.word(sock + at_.tcp_send_next);
    connection.send_unacknowledged = reader_.word(sock + at_.tcp_send_unacknowledged);
    connection.write_next = reader_.word(sock + at_.tcp_write_next);
    connection.send_window = reader_.word(sock + at_.tcp_send_window);
    connection.send_window_at = reader_.word(sock + at_.tcp_send_window_at);
    connection.largest_window = reader_.word(sock + at_.tcp_largest_window);
    connection.peer_timestamp = reader_.word(sock + at_.tcp_peer_timestamp);
}

Result<> Finder::waiting(std::uint64_t listener, std::uint64_t request, std::uint64_t sock) {
    auto connection = begin(Connection::Kind::waiting, sock);
    // One that was reset has given up its own
    connection.local_port = reader_.half(listener + at_.common_local_port);
    agreed(connection, request);
    progress(connection, sock);
    NAP_TRY(auto queued, buffers_.received(sock, reader_.word(sock + at_.tcp_copied)));
    connection.data = std::move(queued.bytes);
    return add(std::move(connection));
}

// struct tcp_options_received: saw_tstamp, tstamp_ok, dsack, wscale_ok, sack_ok (3 bits), smc_ok, the scales
Result<> Finder::unowned(std::uint64_t sock) {
    auto connection = begin(Connection::Kind::unowned, sock);
    progress(connection, sock);
    const auto flags = reader_.byte(sock + at_.tcp_flags), scales = reader_.byte(sock + at_.tcp_flags + 1);
    connection.timestamps = (flags & 2) != 0;
    connection.scaling = (flags & 8) != 0;
    connection.sack = (flags & 0x70) != 0;
    connection.send_scale = scales & 15;
    connection.receive_scale = scales >> 4;
    connection.mss = reader_.half(sock + at_.tcp_mss);
    connection.timestamp =
        reader_.word(sock + at_.tcp_timestamp_offset) + static_cast<std::uint32_t>(kernel_.monotonic_ms);
    NAP_TRY(auto queued, buffers_.unacknowledged(sock, connection.send_unacknowledged));
    connection.data = std::move(queued.bytes);
    const auto fin = connection.state == TCP_FIN_WAIT2 ? 0U : 1U;
    if (connection.write_next - connection.send_unacknowledged != connection.data.size() + fin)
        return fail(ErrorKind::protocol,
                    "Reading a closed connection's queue failed: it has " +
                        std::to_string(connection.data.size()) + " bytes of " +
                        std::to_string(connection.write_next - connection.send_unacknowledged - fin) + ".");
    return add(std::move(connection));
}

// FIN-WAIT-2, of which the kernel keeps the little that answers the peer's FIN (struct tcp_timewait_sock).
void Finder::closing(std::uint64_t sock) {
    auto connection = begin(Connection::Kind::unowned, sock);
    connection.state = TCP_FIN_WAIT2;
    connection.receive_next = reader_.word(sock + at_.common_closing_receive_next);
    connection.send_next = reader_.word(sock + at_.common_closing_send_next);
    connection.send_unacknowledged = connection.write_next = connection.send_next;
    connection.receive_scale = reader_.byte(sock + at_.closing_receive_scale) & 15;
    connection.scaling = connection.receive_scale != 0;
    connection.receive_window = reader_.word(sock + at_.closing_receive_window) << connection.receive_scale;
    connection.receive_window_at = connection.send_window_at = connection.receive_next;
    connection.peer_timestamp = reader_.word(sock + at_.closing_peer_timestamp);
    connection.timestamps = connection.peer_timestamp != 0;
    connection.timestamp =
        reader_.word(sock + at_.closing_timestamp_offset) + static_cast<std::uint32_t>(kernel_.monotonic_ms);
    if (found_.size() < kMostConnections) found_.push_back(std::move(connection));
}

Result<> Finder::add(Connection connection) {
    if (found_.size() == kMostConnections)
        return fail(ErrorKind::resources, "There are more than " + std::to_string(kMostConnections) +
                                              " connections that no process has.");
    found_.push_back(std::move(connection));
    return {};
}

}  // namespace

Result<std::vector<Connection>> find_connections(const StoppedKernel& kernel) {
    NAP_TRY(const auto memory, KernelMemory::attach(kernel.memory, kernel.anchors));
    return Finder(kernel, memory).find();
}

}  // namespace nap::walk
