// SPDX-License-Identifier: GPL-2.0-only
// What the walker must know of one kernel build to read its TCP sockets: offsets and sizes in bytes, from its
// BTF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>

#include "base/error.hpp"

namespace nap::walk {

struct SocketLayout {
    // From a task to its network namespace, and the tables of that one's sockets.
    std::uint64_t task_nsproxy = 0, nsproxy_net = 0, net_hashinfo = 0;
    std::uint64_t hash_established = 0, hash_established_mask = 0;
    std::uint64_t hash_listening = 0, hash_listening_mask = 0, listening_bucket_size = 0,
                  listening_bucket_head = 0;
    // What all sockets begin with.
    std::uint64_t common_node = 0, common_state = 0, common_family = 0, common_net = 0, common_device = 0;
    std::uint64_t common_remote_port = 0, common_local_port = 0, common_remote4 = 0, common_local4 = 0,
                  common_remote6 = 0, common_local6 = 0;
    std::uint64_t common_closing_receive_next = 0, common_closing_send_next = 0;
    std::uint64_t sock_socket = 0, sock_receive_queue = 0, sock_write_queue = 0, sock_sent_queue = 0;
    // A listener's queue and what waits in it.
    std::uint64_t listener_accept_head = 0;
    std::uint64_t request_next = 0, request_sock = 0, request_mss = 0, request_retransmits = 0,
                  request_peer_timestamp = 0, request_flags = 0, request_receive_initial = 0,
                  request_send_initial = 0, request_timestamp_offset = 0;
    // A connection.
    std::uint64_t tcp_receive_next = 0, tcp_copied = 0, tcp_receive_window = 0, tcp_receive_window_at = 0;
    std::uint64_t tcp_send_next = 0, tcp_send_unacknowledged = 0, tcp_write_next = 0;
    std::uint64_t tcp_send_window = 0, tcp_send_window_at = 0, tcp_largest_window = 0;
    std::uint64_t tcp_timestamp_offset = 0, tcp_peer_timestamp = 0, tcp_flags = 0, tcp_mss = 0;
    // One that is closed but for the peer's FIN.
    std::uint64_t closing_substate = 0, closing_receive_scale = 0, closing_receive_window = 0,
                  closing_timestamp_offset = 0, closing_peer_timestamp = 0;
    // Buffers.
    std::uint64_t buffer_next = 0, buffer_length = 0, buffer_data_length = 0, buffer_head = 0,
                  buffer_data = 0, buffer_end = 0, buffer_control = 0, buffer_tree = 0;
    std::uint64_t control_sequence = 0, control_flags = 0;
    std::uint64_t tree_left = 0, tree_right = 0;
    std::uint64_t shared_count = 0, shared_list = 0, shared_pieces = 0;
    bool operator==(const SocketLayout&) const = default;
};

Result<SocketLayout> read_socket_layout(std::span<const std::byte> btf);

nlohmann::json to_json(const SocketLayout& layout);
Result<SocketLayout> socket_layout_from_json(const nlohmann::json& json);

}  // namespace nap::walk
