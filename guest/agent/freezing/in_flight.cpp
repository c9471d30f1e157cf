// SPDX-License-Identifier: GPL-2.0-only
#include "agent/freezing/in_flight.hpp"

#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

#include "agent/freezing/sock_diag.hpp"
#include "agent/kernel_memory/unix_backlogs.hpp"
#include "agent/sockets/passing.hpp"
#include "agent/userland/namespaces.hpp"

namespace nap::agent {

namespace {

using Bytes = std::span<const std::byte>;

Result<bool> any_waits(SocketListing& listing) {
    unix_diag_req request{};
    request.sdiag_family = AF_UNIX;
    request.udiag_states = 1U << TCP_LISTEN;
    request.udiag_show = UDIAG_SHOW_RQLEN;
    bool waits = false;
    NAP_CHECK(listing.list(request, [&](Bytes answer) {
        const auto queues = attribute(answer, sizeof(unix_diag_msg), UNIX_DIAG_RQLEN);
        waits = waits || (queues && leading<unix_diag_rqlen>(*queues).udiag_rqueue != 0);
    }));
    return waits;
}

// One phrase for what cannot be made again of connections to unix sockets.
Result<std::string> not_carried(pid_t host_pid) {
    NAP_TRY(const RunningKernel* kernel, RunningKernel::get());
    NAP_TRY(const auto connections, read_unix_backlogs(*kernel, host_pid));
    const auto found = std::ranges::find_if(connections, &BacklogConnection::obstacle);
    if (found == connections.end()) return "";
    return std::string("a connection to a unix socket that no program has accepted, with ") + found->obstacle;
}

void tell(std::string& all, std::uint64_t count, const char* what) {
    if (count != 0) all += (all.empty() ? "" : ", ") + std::to_string(count) + what;
}

}  // namespace

Result<bool> unix_connections_wait() {
    bool waits = false;
    NAP_CHECK(in_machine_network([&]() -> Result<> {
        NAP_TRY(SocketListing listing, SocketListing::open());
        NAP_TRY(waits, any_waits(listing));
        return {};
    }));
    return waits;
}

Result<std::string> find_in_flight(pid_t host_pid) {
    std::string found;
    NAP_TRY(const bool waits, unix_connections_wait());
    NAP_TRY(const auto passing, count_passing());
    tell(found, passing, " socket(s) with what must be read before it can be carried");
    if (!waits || !found.empty()) return found;
    return not_carried(host_pid);
}

}  // namespace nap::agent
