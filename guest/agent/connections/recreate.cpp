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

}  // namespace

// Established ones first: half open ones would take their room in the listener's queue.
Result<> recreate_in_own_network(std::span<const Connection> connections, Warnings& warnings) {
    NAP_TRY(const Amender amender, Amender::open());
    NAP_TRY(const Injector injector, Injector::open());
    NAP_TRY(const UniqueFd held, amender.hold_network());
    NAP_TRY(auto handshakes, OrdinaryHandshakes::begin());
    for (const Connection& connection : connections) {
        Result<> done;
        if (connection.kind == Kind::waiting)
            done = open_waiting(connection, injector, amender);
        else if (connection.kind == Kind::unowned)
            done = close_again(connection, injector);
        if (!done) return std::unexpected(done.error().within("recreating " + describe(connection)));
    }
    for (const Connection& connection : connections) {
        if (connection.kind != Kind::half_open) continue;
        if (auto done = open_half(connection, injector, amender); !done)
            warnings.push_back(describe(connection) +
                               ", which is half open, will be reset: " + done.error().message);
    }
    return handshakes.end();
}

Result<> recreate_connections(std::span<const Connection> connections, Warnings& warnings) {
    if (connections.empty()) return {};
    return in_machine_network([&] { return recreate_in_own_network(connections, warnings); });
}

}  // namespace nap::agent
