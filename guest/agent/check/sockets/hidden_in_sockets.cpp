// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/sockets/hidden_in_sockets.hpp"

#include <linux/in6.h>
#include <sys/socket.h>

#include <map>

#include "agent/calls/log.hpp"
#include "agent/check/sockets/sent_sockets.hpp"
#include "agent/sockets/options.hpp"
#include "agent/sockets/passing.hpp"

namespace nap::agent {

namespace {

using enum SocketWord;

Result<std::optional<Finding>> judge_steered(const RunningKernel& kernel, const SeenSocket& socket) {
    if (!socket.is_internet() || socket[reuseport] == 0) return std::nullopt;
    NAP_TRY(const auto program, kernel.field(socket[reuseport], "sock_reuseport", "prog"));
    if (program == 0) return std::nullopt;
    return Finding{"a group of sockets steered by a program (SO_ATTACH_REUSEPORT_CBPF or _EBPF)",
                   "The kernel does not give the program out.",
                   "Let the program do without (SO_REUSEPORT alone is carried), or stop it."};
}

// Peers of TCP are connected to one of them; a datagram is for whom the hash of its addresses chooses.
Result<std::optional<Finding>> judge_group(const RunningKernel& kernel, const SeenSocket& socket) {
    if (!socket.is_udp() || socket[reuseport] == 0) return std::nullopt;
    NAP_TRY(const auto members,
            kernel.field<std::uint16_t>(socket[reuseport], "sock_reuseport", "num_socks"));
    if (members < 2) return std::nullopt;
    return Finding{"UDP sockets that share a port (SO_REUSEPORT)",
                   "Which of them a peer's datagrams go to, each kernel decides by a number of its own.",
                   "Nothing needs to be done where each of them can answer each peer.", true};
}

Result<std::optional<Finding>> judge_counts(const RunningKernel& kernel, const SeenSocket& socket) {
    if (socket[family] != AF_PACKET) return std::nullopt;
    NAP_TRY(const auto packets,
            kernel.field<std::uint32_t>(socket[sock], "packet_sock", "stats.stats1.tp_packets"));
    if (packets == 0) return std::nullopt;
    return Finding{"a packet socket that counts (PACKET_STATISTICS)", "It counts from zero again.",
                   "Nothing needs to be done; read them before the update.", true};
}

Result<std::optional<Finding>> judge_labels(const RunningKernel& kernel, const SeenSocket& socket) {
    if (socket[family] != AF_INET6) return std::nullopt;
    NAP_TRY(const auto labels, flow_labels_of(kernel, socket));
    for (const std::uint64_t label : labels) {
        NAP_TRY(const auto hops, kernel.field(label, "ip6_flowlabel", "opt"));
        NAP_TRY(const auto share, kernel.field<std::uint8_t>(label, "ip6_flowlabel", "share"));
        if (hops != 0 || share == IPV6_FL_S_PROCESS || share == IPV6_FL_S_USER)
            return Finding{
                "a leased flow label with options, or for one process or user (IPV6_FLOWLABEL_MGR)",
                "It is leased again without options, and by whoever owns the socket then.",
                "Nothing needs to be done where no other program leases the same one.", true};
    }
    return std::nullopt;
}

Result<std::optional<Finding>> judge_fanout(const RunningKernel& kernel, const SeenSocket& socket) {
    constexpr std::uint8_t kClassic = 6, kExtended = 7;  // PACKET_FANOUT_CBPF, PACKET_FANOUT_EBPF
    if (socket[family] != AF_PACKET || socket[fanout] == 0) return std::nullopt;
    NAP_TRY(const auto kind, kernel.field<std::uint8_t>(socket[fanout], "packet_fanout", "type"));
    if (kind != kClassic && kind != kExtended) return std::nullopt;
    return Finding{"a group of packet sockets steered by a program (PACKET_FANOUT_DATA)",
                   "The kernel does not give the program out.",
                   "Let the program do without (PACKET_FANOUT of other kinds is carried), or stop it."};
}

Result<std::optional<Finding>> judge_keys(const RunningKernel&, const SeenSocket& socket) {
    if (socket.is_tcp() && socket[signing_keys] != 0)
        return Finding{"a TCP socket with keys of the authentication option (TCP_AO_ADD_KEY)",
                       "They cannot be set for a connection that is there already.",
                       "Let the program use TCP_MD5SIG, which is carried, or stop it."};
    return std::nullopt;
}

// The kernels' own modules for it are not loaded in a machine: nobody can set one, unless they are built in.
Result<std::optional<Finding>> judge_policies(const RunningKernel&, const SeenSocket& socket) {
    if (socket.is_internet() && (socket[policy_in] != 0 || socket[policy_out] != 0))
        return Finding{"a socket with an IPsec policy of its own (IP_XFRM_POLICY)",
                       "The kernel does not give it out.", "Stop the program."};
    return std::nullopt;
}

// The first that there is: what is in the way comes before what is only told.
Result<std::optional<Finding>> judge(const RunningKernel& kernel, const SeenSocket& socket) {
    for (const auto judge_kind : {judge_keys, judge_policies, judge_steered, judge_fanout, judge_sent,
                                  judge_group, judge_labels, judge_counts}) {
        NAP_TRY(auto finding, judge_kind(kernel, socket));
        if (finding) return finding;
    }
    return std::nullopt;
}

}  // namespace

void find_hidden_in_sockets(const std::vector<Task>& tasks, Obstacles& obstacles) {
    const auto search = SocketSearch::get();
    const auto sockets = search ? (*search)->run() : std::unexpected(search.error());
    if (!sockets) {
        log("cannot look into the kernel's sockets: " + sockets.error().message);
        return;
    }
    std::map<pid_t, const Task*> owners;
    for (const Task& task : tasks) owners[task.host_pid] = &task;
    for (const SeenSocket& socket : *sockets) {
        const auto owner = owners.find(socket.file().host_pid);
        if (owner == owners.end()) continue;
        if (auto finding = judge_passing(socket))
            add(obstacles, *owner->second, std::move(*finding), socket[inode]);
        auto hidden = judge((*search)->kernel(), socket);
        if (hidden && *hidden) add(obstacles, *owner->second, std::move(**hidden), socket[inode]);
    }
}

}  // namespace nap::agent
