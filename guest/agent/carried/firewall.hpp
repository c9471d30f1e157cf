// SPDX-License-Identifier: GPL-2.0-only
// Firewall: the rules of nf_tables, and the connections that the kernel keeps track of. Put back when the
// connections are there again, while nothing passes the network yet: what makes those anew would be judged by
// the rules and counted.
#pragma once

#include "agent/carried/part.hpp"

namespace nap::agent {

extern const Part kFirewall;

// Once, and forgotten, as rehearse_network(): in the older kernel, in the newer.
void rehearse_capturing_firewall();
void rehearse_putting_firewall();

}  // namespace nap::agent
