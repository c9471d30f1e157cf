// SPDX-License-Identifier: GPL-2.0-only
// Addresses of a machine's network interface: whether one can be reached through them. Pure.
#pragma once

#include <string>

#include "base/error.hpp"

namespace nap::machine {

// `address` in CIDR form, `gateway` empty or of its network: IPv4 or IPv6, both of hosts. A usage error says
// which of the two, "address" or "gateway", is wrong and why.
Result<> check_address(const std::string& address, const std::string& gateway);

}  // namespace nap::machine
