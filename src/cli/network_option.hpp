// SPDX-License-Identifier: GPL-2.0-only
// --net tap=IFNAME[,netns=NS][,mac=..]
#pragma once

#include <string>

#include "machine/definition/config.hpp"

namespace nap::cli {

// The MAC stays empty unless given.
Result<machine::Network> parse_network(const std::string& text);

}  // namespace nap::cli
