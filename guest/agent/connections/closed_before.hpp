// SPDX-License-Identifier: GPL-2.0-only
// Connections that their process has closed, while the kernel still has bytes or a FIN for the peer, or waits
// for the peer's FIN: made anew by TCP_REPAIR, and closed.
#pragma once

#include "agent/connections/injector.hpp"

namespace nap::agent {

// In the connection's network namespace, which is locked. FIN-WAIT-1, FIN-WAIT-2, CLOSING and LAST-ACK.
Result<> close_again(const context::Connection& connection, const Injector& injector);

}  // namespace nap::agent
