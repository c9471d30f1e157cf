// SPDX-License-Identifier: GPL-2.0-only
// Socket layout: the offsets the walker needs to read TCP sockets, from BTF or from JSON.
#include "walk/socket_layout.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <string>

#include "base/units.hpp"
#include "walk/btf.hpp"

namespace nap::walk {

namespace {

struct Hop {
    const char *structure, *field;  // no field: the size of the struct
};

struct Entry {
    const char* name;  // in JSON
    std::uint64_t SocketLayout::*value;
    std::array<Hop, 3> hops{};  // one within the other: their offsets are added
};

#define NAP_ENTRY(name, ...)          \
    Entry {                           \
#name, &SocketLayout::name, { \
            { __VA_ARGS__ }           \
        }                             \
    }

constexpr std::array kEntries = {
    NAP_ENTRY(task_nsproxy, Hop{"task_struct", "nsproxy"}),
    NAP_ENTRY(nsproxy_net, Hop{"nsproxy", "net_ns"}),
    NAP_ENTRY(net_hashinfo, Hop{"net", "ipv4"}, Hop{"netns_ipv4", "tcp_death_row"},
              Hop{"inet_timewait_death_row", "hashinfo"}),
    NAP_ENTRY(hash_established, Hop{"inet_hashinfo", "ehash"}),
    NAP_ENTRY(hash_established_mask, Hop{"inet_hashinfo", "ehash_mask"}),
    NAP_ENTRY(hash_listening, Hop{"inet_hashinfo", "lhash2"}),
    NAP_ENTRY(hash_listening_mask, Hop{"inet_hashinfo", "lhash2_mask"}),
    NAP_ENTRY(listening_bucket_size, Hop{"inet_listen_hashbucket", nullptr}),
    NAP_ENTRY(listening_bucket_head, Hop{"inet_listen_hashbucket", "nulls_head"}),
    NAP_ENTRY(common_node, Hop{"sock_common", "skc_nulls_node"}),
    NAP_ENTRY(common_state, Hop{"sock_common", "skc_state"}),
    NAP_ENTRY(common_family, Hop{"sock_common", "skc_family"}),
    NAP_ENTRY(common_net, Hop{"sock_common", "skc_net"}),
    NAP_ENTRY(common_device, Hop{"sock_common", "skc_bound_dev_if"}),
    NAP_ENTRY(common_remote_port, Hop{"sock_common", "skc_dport"}),
    NAP_ENTRY(common_local_port, Hop{"sock_common", "skc_num"}),
    NAP_ENTRY(common_remote4, Hop{"sock_common", "skc_daddr"}),
    NAP_ENTRY(common_local4, Hop{"sock_common", "skc_rcv_saddr"}),
    NAP_ENTRY(common_remote6, Hop{"sock_common", "skc_v6_daddr"}),
    NAP_ENTRY(common_local6, Hop{"sock_common", "skc_v6_rcv_saddr"}),
    NAP_ENTRY(common_closing_receive_next, Hop{"sock_common", "skc_tw_rcv_nxt"}),
    NAP_ENTRY(common_closing_send_next, Hop{"sock_common", "skc_tw_snd_nxt"}),
    NAP_ENTRY(sock_socket, Hop{"sock", "sk_socket"}),
    NAP_ENTRY(sock_receive_queue, Hop{"sock", "sk_receive_queue"}),
    NAP_ENTRY(sock_write_queue, Hop{"sock", "sk_write_queue"}),
    NAP_ENTRY(sock_sent_queue, Hop{"sock", "tcp_rtx_queue"}),
    NAP_ENTRY(listener_accept_head, Hop{"inet_connection_sock", "icsk_accept_queue"},
              Hop{"request_sock_queue", "rskq_accept_head"}),
    NAP_ENTRY(request_next, Hop{"request_sock", "dl_next"}),
    NAP_ENTRY(request_sock, Hop{"request_sock", "sk"}),
    NAP_ENTRY(request_mss, Hop{"request_sock", "mss"}),
    NAP_ENTRY(request_retransmits, Hop{"request_sock", "num_retrans"}),
    NAP_ENTRY(request_peer_timestamp, Hop{"request_sock", "ts_recent"}),
    NAP_ENTRY(request_flags, Hop{"inet_request_sock", "snd_wscale"}),
    NAP_ENTRY(request_receive_initial, Hop{"tcp_request_sock", "rcv_isn"}),
    NAP_ENTRY(request_send_initial, Hop{"tcp_request_sock", "snt_isn"}),
    NAP_ENTRY(request_timestamp_offset, Hop{"tcp_request_sock", "ts_off"}),
    NAP_ENTRY(tcp_receive_next, Hop{"tcp_sock", "rcv_nxt"}),
    NAP_ENTRY(tcp_copied, Hop{"tcp_sock", "copied_seq"}),
    NAP_ENTRY(tcp_receive_window, Hop{"tcp_sock", "rcv_wnd"}),
    NAP_ENTRY(tcp_receive_window_at, Hop{"tcp_sock", "rcv_wup"}),
    NAP_ENTRY(tcp_send_next, Hop{"tcp_sock", "snd_nxt"}),
    NAP_ENTRY(tcp_send_unacknowledged, Hop{"tcp_sock", "snd_una"}),
    NAP_ENTRY(tcp_write_next, Hop{"tcp_sock", "write_seq"}),
    NAP_ENTRY(tcp_send_window, Hop{"tcp_sock", "snd_wnd"}),
    NAP_ENTRY(tcp_send_window_at, Hop{"tcp_sock", "snd_wl1"}),
    NAP_ENTRY(tcp_largest_window, Hop{"tcp_sock", "max_window"}),
    NAP_ENTRY(tcp_timestamp_offset, Hop{"tcp_sock", "tsoffset"}),
    NAP_ENTRY(tcp_peer_timestamp, Hop{"tcp_sock", "rx_opt"}, Hop{"tcp_options_received", "ts_recent"}),
    NAP_ENTRY(tcp_flags, Hop{"tcp_sock", "rx_opt"}, Hop{"tcp_options_received", "saw_tstamp"}),
    NAP_ENTRY(tcp_mss, Hop{"tcp_sock", "rx_opt"}, Hop{"tcp_options_received", "mss_clamp"}),
    NAP_ENTRY(closing_substate, Hop{"inet_timewait_sock", "tw_substate"}),
    NAP_ENTRY(closing_receive_scale, Hop{"inet_timewait_sock", "tw_rcv_wscale"}),
    NAP_ENTRY(closing_receive_window, Hop{"tcp_timewait_sock", "tw_rcv_wnd"}),
    NAP_ENTRY(closing_timestamp_offset, Hop{"tcp_timewait_sock", "tw_ts_offset"}),
    NAP_ENTRY(closing_peer_timestamp, Hop{"tcp_timewait_sock", "tw_ts_recent"}),
    NAP_ENTRY(buffer_next, Hop{"sk_buff", "next"}),
    NAP_ENTRY(buffer_length, Hop{"sk_buff", "len"}),
    NAP_ENTRY(buffer_data_length, Hop{"sk_buff", "data_len"}),
    NAP_ENTRY(buffer_head, Hop{"sk_buff", "head"}),
    NAP_ENTRY(buffer_data, Hop{"sk_buff", "data"}),
    NAP_ENTRY(buffer_end, Hop{"sk_buff", "end"}),
    NAP_ENTRY(buffer_control, Hop{"sk_buff", "cb"}),
    NAP_ENTRY(buffer_tree, Hop{"sk_buff", "rbnode"}),
    NAP_ENTRY(control_sequence, Hop{"tcp_skb_cb", "seq"}),
    NAP_ENTRY(control_flags, Hop{"tcp_skb_cb", "tcp_flags"}),
    NAP_ENTRY(tree_left, Hop{"rb_node", "rb_left"}),
    NAP_ENTRY(tree_right, Hop{"rb_node", "rb_right"}),
    NAP_ENTRY(shared_count, Hop{"skb_shared_info", "nr_frags"}),
    NAP_ENTRY(shared_list, Hop{"skb_shared_info", "frag_list"}),
    NAP_ENTRY(shared_pieces, Hop{"skb_shared_info", "frags"}),
};

#undef NAP_ENTRY

constexpr std::uint64_t kLargestOffset = 64 * kKiB;

Result<SocketLayout> checked(const SocketLayout& layout) {
    for (const auto& entry : kEntries)
        if (layout.*entry.value >= kLargestOffset)
            return fail(ErrorKind::protocol,
                        "Reading the layout of a kernel's sockets failed: " + std::string(entry.name) +
                            " is " + std::to_string(layout.*entry.value) + ", which no kernel has there.");
    if (layout.listening_bucket_size < layout.listening_bucket_head + 8)
        return fail(ErrorKind::protocol,
                    "Reading the layout of a kernel's sockets failed: its table of listeners is malformed.");
    return layout;
}

}  // namespace

Result<SocketLayout> read_socket_layout(std::span<const std::byte> btf) {
    NAP_TRY(const auto types, Btf::parse(btf));
    SocketLayout layout;
    for (const auto& entry : kEntries)
        for (const auto& [structure, field] : entry.hops) {
            if (structure == nullptr) continue;
            NAP_TRY(const auto offset, field ? types.offset_of(structure, field) : types.size_of(structure));
            layout.*entry.value += offset;
        }
    return checked(layout);
}

nlohmann::json to_json(const SocketLayout& layout) {
    auto json = nlohmann::json::object();
    for (const auto& entry : kEntries) json[entry.name] = layout.*entry.value;
    return json;
}

Result<SocketLayout> socket_layout_from_json(const nlohmann::json& json) {
    SocketLayout layout;
    for (const auto& entry : kEntries) {
        const auto found = json.is_object() ? json.find(entry.name) : json.end();
        if (found == json.end() || !found->is_number_unsigned())
            return fail(ErrorKind::protocol, "Reading the layout of a kernel's sockets failed: " +
                                                 std::string(entry.name) + " is missing or not a number.");
        layout.*entry.value = found->get<std::uint64_t>();
    }
    return checked(layout);
}

}  // namespace nap::walk
