// SPDX-License-Identifier: GPL-2.0-only
// Fake sockets: what the walker reads of a network namespace's TCP sockets, laid out in a fake kernel for one
// of its processes. Header only: the fuzz targets use it, too.
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <string_view>

#include "tests/walk/fake_kernel.hpp"
#include "walk/connections.hpp"

namespace nap::walk {

class FakeSockets {
  public:
    static constexpr std::uint64_t kTaskNsproxy = 3072;
    static constexpr std::uint32_t kReceiveInitial = 0xffff'fffe, kSendInitial = 7000;

    // Adds a process that is in the namespace.
    explicit FakeSockets(FakeKernel& kernel) : kernel_(kernel) {
        const auto process = kernel.add("init", 1);
        const auto proxy = kernel.take_page(), tables = kernel.take_page();
        net_ = kernel.take_page(), established_ = kernel.take_page(), listening_ = kernel.take_page();
        kernel.put(process.task + kTaskNsproxy, kernel.direct(proxy));
        kernel.put(proxy, kernel.direct(net_));
        kernel.put(net_ + 8, kernel.direct(tables));
        kernel.put(tables, kernel.direct(established_));
        kernel.put<std::uint32_t>(tables + 8, 1);
        kernel.put(tables + 16, kernel.direct(listening_));
        kernel.put<std::uint32_t>(tables + 24, 1);
        for (std::uint64_t bucket = 0; bucket < 2; ++bucket) {
            kernel.put<std::uint64_t>(established_ + bucket * 8, 1);
            kernel.put<std::uint64_t>(listening_ + bucket * 16 + 8, 1);
        }
    }

    static SocketLayout layout() {
        SocketLayout at;
        at.task_nsproxy = kTaskNsproxy, at.nsproxy_net = 0, at.net_hashinfo = 8;
        at.hash_established = 0, at.hash_established_mask = 8, at.hash_listening = 16;
        at.hash_listening_mask = 24, at.listening_bucket_size = 16, at.listening_bucket_head = 8;
        at.common_node = 0, at.common_state = 8, at.common_family = 10, at.common_net = 16;
        at.common_device = 24, at.common_remote_port = 28, at.common_local_port = 30;
        at.common_remote4 = 32, at.common_local4 = 36, at.common_remote6 = 40, at.common_local6 = 56;
        at.common_closing_receive_next = 72, at.common_closing_send_next = 76;
        at.sock_socket = 80, at.sock_receive_queue = 88, at.sock_write_queue = 104, at.sock_sent_queue = 120;
        at.listener_accept_head = 128;
        at.request_next = 80, at.request_sock = 88, at.request_mss = 96, at.request_retransmits = 98,
        at.request_peer_timestamp = 100;
        at.request_flags = 104, at.request_receive_initial = 108, at.request_send_initial = 112;
        at.request_timestamp_offset = 116;
        at.tcp_receive_next = 136, at.tcp_copied = 140, at.tcp_receive_window = 144;
        at.tcp_receive_window_at = 148, at.tcp_send_next = 152, at.tcp_send_unacknowledged = 156;
        at.tcp_write_next = 160, at.tcp_send_window = 164, at.tcp_send_window_at = 168;
        at.tcp_largest_window = 172, at.tcp_timestamp_offset = 176, at.tcp_peer_timestamp = 180;
        at.tcp_flags = 184, at.tcp_mss = 188;
        at.closing_substate = 192, at.closing_receive_scale = 193, at.closing_receive_window = 196;
        at.closing_timestamp_offset = 200, at.closing_peer_timestamp = 204;
        at.buffer_next = 0, at.buffer_length = 8, at.buffer_data_length = 12, at.buffer_head = 16;
        at.buffer_data = 24, at.buffer_end = 32, at.buffer_control = 40, at.buffer_tree = 64;
        at.control_sequence = 0, at.control_flags = 8, at.tree_right = 8, at.tree_left = 16;
        at.shared_count = 0, at.shared_list = 8, at.shared_pieces = 16;
        return at;
    }

    // In the table of connections, or of listeners. From 10.0.0.9:4321 to 10.0.0.1:80.
    std::uint64_t add(std::uint8_t state, bool in_table = true) {
        const auto sock = kernel_.take_page();
        const auto bucket = state == TCP_LISTEN ? listening_ + 8 : established_ + 8;
        if (in_table) {
            kernel_.put(sock, kernel_.get<std::uint64_t>(bucket));
            kernel_.put(bucket, kernel_.direct(sock));
        }
        kernel_.put(sock + 8, state);
        kernel_.put<std::uint16_t>(sock + 10, AF_INET);
        kernel_.put(sock + 16, kernel_.direct(net_));
        kernel_.put(sock + 28, htons(4321));
        kernel_.put<std::uint16_t>(sock + 30, 80);
        kernel_.put(sock + 32, htonl(0x0a00'0009));
        kernel_.put(sock + 36, htonl(0x0a00'0001));
        for (const std::uint64_t queue : {88, 104}) kernel_.put(sock + queue, kernel_.direct(sock + queue));
        return sock;
    }

    void make_request(std::uint64_t request) {
        kernel_.put<std::uint16_t>(request + 96, 1460);
        kernel_.put<std::uint8_t>(request + 99, 3 << 1 | 1);  // 3 timeouts
        kernel_.put<std::uint8_t>(request + 104, 0x97);       // scales 7, 9
        kernel_.put<std::uint8_t>(request + 105, 7);          // timestamps, SACK, scaling
        kernel_.put(request + 108, kReceiveInitial);
        kernel_.put(request + 112, kSendInitial);
    }

    // At the end of a queue.
    std::uint64_t queue(std::uint64_t sock, std::uint64_t queue, std::uint32_t sequence,
                        std::string_view text, std::uint8_t flags = 0) {
        const auto buffer = make_buffer(sequence, text, flags);
        auto last = sock + queue;
        while (kernel_.get<std::uint64_t>(last) != kernel_.direct(sock + queue))
            last = kernel_.get<std::uint64_t>(last) - kernel_.direct(0);
        kernel_.put(buffer, kernel_.direct(sock + queue));
        kernel_.put(last, kernel_.direct(buffer));
        return buffer;
    }
    std::uint64_t make_buffer(std::uint32_t sequence, std::string_view text, std::uint8_t flags = 0) {
        const auto buffer = kernel_.take_page(), data = buffer + 1024;
        kernel_.put(buffer + 8, static_cast<std::uint32_t>(text.size()));
        kernel_.put(buffer + 16, kernel_.direct(data));
        kernel_.put(buffer + 24, kernel_.direct(data));
        kernel_.put<std::uint32_t>(buffer + 32, 512);
        kernel_.put(buffer + 40, sequence);
        kernel_.put(buffer + 48, flags);
        for (std::size_t i = 0; i < text.size(); ++i) kernel_.put(data + i, text[i]);
        return buffer;
    }

    static Result<std::vector<context::Connection>> find(const FakeKernel& kernel,
                                                         std::span<const std::byte> user = {}) {
        static const SocketLayout sockets = layout();
        const auto tasks = kernel.layout();
        const auto anchors = kernel.anchors();
        return find_connections({.memory = kernel.bytes(),
                                 .layout = tasks,
                                 .sockets = sockets,
                                 .anchors = anchors,
                                 .init_host_pid = 101,
                                 .monotonic_ms = 500,
                                 .user_memory = user,
                                 .user = FakeKernel::user()});
    }

  private:
    FakeKernel& kernel_;
    std::uint64_t net_ = 0, established_ = 0, listening_ = 0;
};

}  // namespace nap::walk
