// SPDX-License-Identifier: GPL-2.0-only
// Injector: packets of a connection's peer, as if they had arrived. They pass the network lock.
#pragma once

#include "agent/connections/segment.hpp"
#include "base/error.hpp"
#include "base/fd.hpp"

namespace nap::agent {

class Injector {
  public:
    static Result<Injector> open();  // in the calling thread's network namespace
    // To an address of this machine: what it leads to has happened when this returns, or does a moment later.
    Result<> send(const Segment& segment) const;

  private:
    Injector(UniqueFd four, UniqueFd six) : four_(std::move(four)), six_(std::move(six)) {}
    UniqueFd four_, six_;  // no IPv6 here: none
};

// What the peer of `connection` would send, its window and timestamp as it told them last.
Segment from_peer(const context::Connection& connection);

}  // namespace nap::agent
