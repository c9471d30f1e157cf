// SPDX-License-Identifier: GPL-2.0-only
// Told: what a socket is about to tell its program once (SO_ERROR, numbers of notices, how its connection
// ended).
#pragma once

#include "agent/sockets/seen_socket.hpp"
#include "channel/json.hpp"

namespace nap::agent {

channel::Json state_of(const SeenSocket& socket);  // empty: as a new one's
Result<> set_state(int module, int fd, const channel::Json& told);

}  // namespace nap::agent
