// SPDX-License-Identifier: GPL-2.0-only
#include "agent/sockets/seen_socket.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <set>

#include "agent/kernel_memory/kept.hpp"

namespace nap::agent {

namespace {

struct Field {
    const char *type, *name;
};
// A word's path from struct socket on, and how wide the field is, bytes.
struct Place {
    SocketWord word;
    int size;
    std::array<Field, 3> path;
    int into = 0;  // so many bytes after the last field
};

using enum SocketWord;
constexpr Field kSock{"socket", "sk"}, kSix{"inet_sock", "pinet6"}, kNone{nullptr, nullptr};

constexpr Place kPlaces[] = {
    {inode, 8, {{{"socket_alloc", "vfs_inode.i_ino"}, kNone, kNone}}},
    {connecting, 4, {{{"socket", "state"}, kNone, kNone}}},
    {sock, 8, {{kSock, kNone, kNone}}},
    {family, 2, {{kSock, {"sock_common", "skc_family"}, kNone}}},
    {state, 1, {{kSock, {"sock_common", "skc_state"}, kNone}}},
    {type, 2, {{kSock, {"sock", "sk_type"}, kNone}}},
    {protocol, 2, {{kSock, {"sock", "sk_protocol"}, kNone}}},
    {flags, 8, {{kSock, {"sock_common", "skc_flags"}, kNone}}},
    {shutdown, 1, {{kSock, {"sock", "sk_shutdown"}, kNone}}},
    {error, 4, {{kSock, {"sock", "sk_err"}, kNone}}},
    {soft_error, 4, {{kSock, {"sock", "sk_err_soft"}, kNone}}},
    {unread, 4, {{kSock, {"sock", "sk_receive_queue.qlen"}, kNone}}},
    {unread_errors, 4, {{kSock, {"sock", "sk_error_queue.qlen"}, kNone}}},
    {timestamp_key, 4, {{kSock, {"sock", "sk_tskey"}, kNone}}},
    {zero_copy_key, 4, {{kSock, {"sock", "sk_zckey"}, kNone}}},
    {drops, 4, {{kSock, {"sock", "sk_drops"}, kNone}}},
    {policy_in, 8, {{kSock, {"sock", "sk_policy"}, kNone}}},
    {policy_out, 8, {{kSock, {"sock", "sk_policy"}, kNone}}, 8},
    {reuseport, 8, {{kSock, {"sock", "sk_reuseport_cb"}, kNone}}},
    {multicast_index, 4, {{kSock, {"inet_sock", "mc_index"}, kNone}}},
    {multicast_address, 4, {{kSock, {"inet_sock", "mc_addr"}, kNone}}},
    {alerts, 8, {{kSock, {"sock_common", "skc_net"}, {"net", "ipv4.ra_chain"}}}},
    {six, 8, {{kSock, kSix, kNone}}},
    {flow_label, 4, {{kSock, kSix, {"ipv6_pinfo", "flow_label"}}}},
    {fragment_size, 4, {{kSock, kSix, {"ipv6_pinfo", "frag_size"}}}},
    {sticky_address_high, 8, {{kSock, kSix, {"ipv6_pinfo", "sticky_pktinfo"}}}},
    {sticky_address_low, 8, {{kSock, kSix, {"ipv6_pinfo", "sticky_pktinfo"}}}, 8},
    {sticky_index, 4, {{kSock, kSix, {"ipv6_pinfo", "sticky_pktinfo"}}}, 16},
    {flow_labels, 8, {{kSock, kSix, {"ipv6_pinfo", "ipv6_fl_list"}}}},
    {flow_labels_of_inet, 8, {{kSock, {"inet_sock", "ipv6_fl_list"}, kNone}}},
    {anycast, 8, {{kSock, kSix, {"ipv6_pinfo", "ipv6_ac_list"}}}},
    {unread_aside, 4, {{kSock, {"udp_sock", "reader_queue.qlen"}, kNone}}},
    {urgent, 2, {{kSock, {"tcp_sock", "urg_data"}, kNone}}},
    {urgent_sent, 4, {{kSock, {"tcp_sock", "snd_up"}, kNone}}},
    {unacknowledged, 4, {{kSock, {"tcp_sock", "snd_una"}, kNone}}},
    {written, 4, {{kSock, {"tcp_sock", "write_seq"}, kNone}}},
    {signing_keys, 8, {{kSock, {"tcp_sock", "ao_info"}, kNone}}},
    {out_of_band, 8, {{kSock, {"unix_sock", "oob_skb"}, kNone}}},
    {answering, 1, {{kSock, {"netlink_sock", "cb_running"}, kNone}}},
    {fanout, 8, {{kSock, {"packet_sock", "fanout"}, kNone}}},
};
static_assert(std::size(kPlaces) == static_cast<std::size_t>(count));

}  // namespace

Result<std::vector<WordPath>> socket_words(const Fields& fields) {
    std::vector<WordPath> paths(std::size(kPlaces));
    for (const Place& place : kPlaces) {
        WordPath path;
        for (const Field& field : place.path) {
            if (field.type == nullptr) break;
            const auto offset = fields.offset(field.type, field.name);
            if (!offset) {  // this kernel has none
                if (offset.error().kind == ErrorKind::internal) return std::unexpected(offset.error());
                path.clear();
                break;
            }
            path.push_back(*offset);
        }
        if (!path.empty()) path.back() += static_cast<std::uint64_t>(place.into);
        paths[static_cast<std::size_t>(place.word)] = std::move(path);
    }
    return paths;
}

std::uint64_t SeenSocket::operator[](SocketWord word) const {
    const auto at = static_cast<std::size_t>(word);
    const int size = kPlaces[at].size;
    return size == 8 ? file_.words[at] : file_.words[at] & ((std::uint64_t{1} << (8 * size)) - 1);
}

bool SeenSocket::is_internet() const {
    return (*this)[family] == AF_INET || (*this)[family] == AF_INET6;
}
bool SeenSocket::is_udp() const {
    return is_internet() && (*this)[type] == SOCK_DGRAM &&
           ((*this)[protocol] == IPPROTO_UDP || (*this)[protocol] == IPPROTO_UDPLITE);
}
bool SeenSocket::is_tcp() const {
    return is_internet() && (*this)[type] == SOCK_STREAM && (*this)[protocol] == IPPROTO_TCP;
}

Result<SocketSearch> SocketSearch::load(const RunningKernel& kernel) {
    NAP_TRY(auto words, socket_words(kernel.fields()));
    NAP_TRY(auto files, OpenFileSearch::load(kernel, "socket_file_ops", std::move(words)));
    return SocketSearch(kernel, std::move(files));
}

Result<const SocketSearch*> SocketSearch::get() {
    return kept<&SocketSearch::load>();
}

Result<std::vector<SeenSocket>> SocketSearch::run() const {
    NAP_TRY(auto files, files_.run());
    std::vector<SeenSocket> sockets;
    std::set<std::uint64_t> seen;
    for (OpenFile& file : files) {
        const std::uint64_t object = file.object;
        SeenSocket socket(std::move(file));
        if (socket[sock] != 0 && seen.insert(object).second) sockets.push_back(std::move(socket));
    }
    return sockets;
}

}  // namespace nap::agent
