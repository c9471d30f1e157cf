// SPDX-License-Identifier: GPL-2.0-only
#include "agent/connections/recreate.hpp"

#include <netinet/tcp.h>

#include <algorithm>
#include <string>

#include "agent/connections/accepted_later.hpp"
#include "agent/connections/closed_before.hpp"
#include "agent/userland/namespaces.hpp"
#include "base/fd.hpp"

namespace nap::agent {

namespace {

using context::Connection;
using Kind = Connection::Kind;

// Where every SYN is answered by a cookie, no connection is ever half open; without cookies some are dropped.
class OrdinaryHandshakes {
  public:
    static Result<OrdinaryHandshakes> begin() {
        NAP_TRY(auto before, read_file(kSetting));
        NAP_CHECK(write_file(kSetting, "1"));
        return OrdinaryHandshakes(std::move(before));
    }
    Result<> end() { return write_file(kSetting, before_); }

  private:
    explicit OrdinaryHandshakes(std::string before) : before_(std::move(before)) {}
    static constexpr const char* kSetting = "/proc/sys/net/ipv4/tcp_syncookies";
    std::string before_;
};

std::string describe(const Connection& connection) {
    return "the connection from port " + std::to_string(connection.remote_port) + " to port " +
           std::to_string(connection.local_port);
}

// Established ones first: half open ones would take their room in the listener's queue.
Result<> recreate(std::span<const Connection> connections, Warnings& warnings) {
    NAP_TRY(const Amender amender, Amender::open());
    NAP_TRY(const Injector injector, Injector::open());
    NAP_TRY(auto handshakes, OrdinaryHandshakes::begin());
    std::size_t gone = 0, half_open = 0;
    for (const Connection& connection : connections) {
        Result<> done;
        if (connection.kind == Kind::waiting)
            done = open_waiting(connection, injector, amender);
        else if (connection.kind == Kind::unowned)
            done = close_again(connection, injector);
        // The network lock lets IPv6's answers to SYNs pass: where nobody is at the other end any more, a
        // reset comes back before the amendment.
        if (!done && connection.state == TCP_CLOSE) {
            ++gone;
            continue;
        }
        if (!done) return std::unexpected(done.error().within("recreating " + describe(connection)));
    }
    for (const Connection& connection : connections) {
        if (connection.kind != Kind::half_open) continue;
        (void)open_half(connection, injector, amender);
        ++half_open;
    }
    // Not seen to work yet: said, rather than lost without a word
    if (half_open != 0)
        warnings.push_back(std::to_string(half_open) +
                           " half open TCP connection(s) may be reset when their clients go on");
    if (gone != 0)
        warnings.push_back(std::to_string(gone) +
                           " TCP connection(s) that nobody had accepted, and that their clients have reset, "
                           "could not be made again");
    return handshakes.end();
}

}  // namespace

Result<> recreate_connections(std::span<const Connection> connections, Warnings& warnings) {
    if (connections.empty()) return {};
    return in_machine_network([&] { return recreate(connections, warnings); });
}

}  // namespace nap::agent
