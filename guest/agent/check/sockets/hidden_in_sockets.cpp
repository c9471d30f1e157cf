// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/sockets/hidden_in_sockets.hpp"

#include <sys/socket.h>

#include <map>

#include "agent/calls/log.hpp"
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

Result<std::optional<Finding>> judge_fanout(const RunningKernel& kernel, const SeenSocket& socket) {
    constexpr std::uint8_t kClassic = 6, kExtended = 7;  // PACKET_FANOUT_CBPF, PACKET_FANOUT_EBPF
    if (socket[family] != AF_PACKET || socket[fanout] == 0) return std::nullopt;
    NAP_TRY(const auto kind, kernel.field<std::uint8_t>(socket[fanout], "packet_fanout", "type"));
    if (kind != kClassic && kind != kExtended) return std::nullopt;
    return Finding{"a group of packet sockets steered by a program (PACKET_FANOUT_DATA)",
                   "The kernel does not give the program out.",
                   "Let the program do without (PACKET_FANOUT of other kinds is carried), or stop it."};
}

std::optional<Finding> judge_keys(const SeenSocket& socket) {
    if (socket.is_tcp() && socket[signing_keys] != 0)
        return Finding{"a TCP socket with keys of the authentication option (TCP_AO_ADD_KEY)",
                       "They cannot be set for a connection that is there already.",
                       "Let the program use TCP_MD5SIG, which is carried, or stop it."};
    return std::nullopt;
}

// The kernels' own modules for it are not loaded in a machine: nobody can set one, unless they are built in.
std::optional<Finding> judge_policies(const SeenSocket& socket) {
    if (socket.is_internet() && (socket[policy_in] != 0 || socket[policy_out] != 0))
        return Finding{"a socket with an IPsec policy of its own (IP_XFRM_POLICY)",
                       "The kernel does not give it out.", "Stop the program."};
    return std::nullopt;
}

}  // namespace

Result<std::optional<Finding>> judge_hidden(const RunningKernel& kernel, const SeenSocket& socket) {
    if (auto keys = judge_keys(socket)) return keys;
    if (auto policies = judge_policies(socket)) return policies;
    NAP_TRY(auto steered, judge_steered(kernel, socket));
    if (steered) return steered;
    return judge_fanout(kernel, socket);
}

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
        if (auto finding = judge_passing(socket)) add(obstacles, *owner->second, std::move(*finding));
        auto hidden = judge_hidden((*search)->kernel(), socket);
        if (hidden && *hidden) add(obstacles, *owner->second, std::move(**hidden));
    }
}

}  // namespace nap::agent
