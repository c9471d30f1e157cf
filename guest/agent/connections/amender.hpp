// SPDX-License-Identifier: GPL-2.0-only
// Amender: the adoption module's call for connections (guest/module/nap_connection_uapi.h), with errors as
// values. not_found: there is no such connection.
#pragma once

#include "base/error.hpp"
#include "base/fd.hpp"
#include "context/connection.hpp"

namespace nap::agent {

class Amender {
  public:
    static Result<Amender> open();  // for this thread's network namespace
    // Until it is closed, not even answers to SYNs are sent, which pass a network lock.
    [[nodiscard]] Result<UniqueFd> hold_network() const;
    // What our side has said already: of a half open one.
    [[nodiscard]] Result<> amend(const context::Connection& connection) const;
    // The next sequence number that is expected of the peer.
    [[nodiscard]] Result<std::uint32_t> receive_next(const context::Connection& connection) const;

  private:
    Amender(UniqueFd device, UniqueFd network) : device_(std::move(device)), network_(std::move(network)) {}
    UniqueFd device_, network_;
};

}  // namespace nap::agent
