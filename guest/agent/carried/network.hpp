// SPDX-License-Identifier: GPL-2.0-only
// Network: links, addresses, routes, rules, neighbours of the machine's network namespace, as they are at the
// freeze. What `network` made in the newer kernel gives way to it.
#pragma once

#include "agent/carried/part.hpp"

namespace nap::agent {

extern const Part kNetwork;

}  // namespace nap::agent
