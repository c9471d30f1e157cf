// SPDX-License-Identifier: GPL-2.0-only
#include "agent/freezing/in_flight.hpp"

#include <linux/netlink_diag.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <set>

#include "agent/freezing/sock_diag.hpp"
#include "agent/userland/namespaces.hpp"

namespace nap::agent {

namespace {

using Bytes = std::span<const std::byte>;

Result<std::size_t> waiting_unix(SocketListing& listing) {
    unix_diag_req request{};
    request.sdiag_family = AF_UNIX;
    request.udiag_states = ~0U;
    request.udiag_show = UDIAG_SHOW_ICONS | UDIAG_SHOW_RQLEN;
    std::vector<UnixSocket> sockets;
    NAP_CHECK(listing.list(request, [&](Bytes answer) {
        const auto message = leading<unix_diag_msg>(answer);
        UnixSocket& socket = sockets.emplace_back();
        socket.inode = message.udiag_ino;
        // A listener's is the length of its backlog
        if (auto queues = attribute(answer, sizeof message, UNIX_DIAG_RQLEN);
            queues && message.udiag_state != TCP_LISTEN)
            socket.unread_by_peer = leading<unix_diag_rqlen>(*queues).udiag_wqueue;
        if (auto icons = attribute(answer, sizeof message, UNIX_DIAG_ICONS))
            for (; icons->size() >= sizeof(std::uint32_t); icons = icons->subspan(sizeof(std::uint32_t)))
                socket.waiting.push_back(leading<std::uint32_t>(*icons));
    }));
    return in_flight(sockets);
}

Result<std::size_t> unread_netlink(SocketListing& listing) {
    netlink_diag_req request{};
    request.sdiag_family = AF_NETLINK;
    request.sdiag_protocol = NDIAG_PROTO_ALL;
    request.ndiag_show = NDIAG_SHOW_MEMINFO;
    std::size_t unread = 0;
    NAP_CHECK(listing.list(request, [&](Bytes answer) {
        const auto message = leading<netlink_diag_msg>(answer);
        if (message.ndiag_portid == 0 || message.ndiag_portid == listing.port()) return;  // the kernel, we
        const auto memory = attribute(answer, sizeof message, NETLINK_DIAG_MEMINFO);
        static_assert(SK_MEMINFO_RMEM_ALLOC == 0);
        if (memory && leading<std::uint32_t>(*memory) != 0) ++unread;
    }));
    return unread;
}

void tell(std::string& all, std::uint64_t count, const char* what) {
    if (count != 0) all += (all.empty() ? "" : ", ") + std::to_string(count) + what;
}

}  // namespace

std::size_t in_flight(std::span<const UnixSocket> sockets) {
    std::set<std::uint32_t> have_sent;
    for (const auto& socket : sockets)
        if (socket.unread_by_peer != 0) have_sent.insert(socket.inode);
    std::size_t count = 0;
    for (const auto& socket : sockets)
        for (const std::uint32_t client : socket.waiting)
            if (client == 0 || have_sent.contains(client)) ++count;
    return count;
}

Result<std::string> find_in_flight() {
    std::string found;
    NAP_CHECK(in_machine_network([&]() -> Result<> {
        NAP_TRY(SocketListing listing, SocketListing::open());
        NAP_TRY(const auto local, waiting_unix(listing));
        NAP_TRY(const auto netlink, unread_netlink(listing));
        tell(found, local, " connection(s) to unix sockets that no program has accepted");
        tell(found, netlink, " netlink socket(s) with messages not read");
        return {};
    }));
    return found;
}

}  // namespace nap::agent
