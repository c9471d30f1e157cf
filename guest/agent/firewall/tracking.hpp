// SPDX-License-Identifier: GPL-2.0-only
// Tracking: all connections that the kernel keeps track of in a network namespace, and what they lead it to
// expect.
#pragma once

#include "agent/network/netlink.hpp"

namespace nap::agent {

struct Tracked {
    std::vector<Body> connections, expectations;  // as they are made anew
};

// In this thread's network namespace. Nothing where the kernel tracks none.
Tracked list_tracked(Netlink& netlink);
// What could not be made, a sentence for each reason.
Result<std::vector<std::string>> track(Netlink& netlink, const Tracked& tracked);

}  // namespace nap::agent
