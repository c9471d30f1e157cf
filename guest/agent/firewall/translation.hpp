// SPDX-License-Identifier: GPL-2.0-only
// Translation (NAT) of a tracked connection. The kernel does not list it: it follows from how the answers'
// tuple differs from what was asked. Pure.
#pragma once

#include "agent/network/netlink.hpp"

namespace nap::agent {

// Adds to a message that makes the connection: the answers' tuple as it would be without translation, and the
// translation; the kernel then changes the one by the other. `done`: it has been decided that there is none,
// and is not to be decided again.
void add_answers(Body& message, std::string_view asked, std::string_view answers, bool done);

}  // namespace nap::agent
