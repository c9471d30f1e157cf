// SPDX-License-Identifier: GPL-2.0-only
// Tracked connections (conntrack): how each is listed, and the message that makes it anew. Pure.
//
// A TCP connection is taken up in its midst: the kernel learns its windows from the next segments, and is
// liberal with it from then on.
#pragma once

#include "agent/network/netlink.hpp"

namespace nap::agent {

// Nothing for one that is about to go.
std::optional<Body> tracked_again(std::string_view listed);
bool is_expected(std::string_view tracked);  // another one, its master, led to it
Body expectation_again(std::string_view listed);

}  // namespace nap::agent
