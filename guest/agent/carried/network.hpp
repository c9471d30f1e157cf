// SPDX-License-Identifier: GPL-2.0-only
// Network: links, addresses, routes, rules, neighbours of the machine's network namespace, as they are at the
// freeze. What `network` made in the newer kernel gives way to it.
#pragma once

#include "agent/carried/part.hpp"

namespace nap::agent {

extern const Part kNetwork;

// Lists it once, and forgets it: emulation translates what runs for the first time, which the pause need not
// wait for.
void rehearse_network();

}  // namespace nap::agent
