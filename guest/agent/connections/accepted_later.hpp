// SPDX-License-Identifier: GPL-2.0-only
// Connections that a listener has not accepted. The listener is there again: it gets the packets that the
// connection's peer once sent, and makes the connection anew as it did then, with all it gives to those it
// makes.
#pragma once

#include "agent/connections/amender.hpp"
#include "agent/connections/injector.hpp"

namespace nap::agent {

// The caller's thread is in its network namespace, which is locked.
Result<> open_half(const context::Connection& connection, const Injector& injector, const Amender& amender);
// Established, behind those that were made before, with what it has received and nobody has read.
Result<> open_waiting(const context::Connection& connection, const Injector& injector,
                      const Amender& amender);

}  // namespace nap::agent
