// SPDX-License-Identifier: GPL-2.0-only
// Queues: what waits at a socket, other than what CRIU reads (streams, and messages of unix sockets).
#pragma once

#include "agent/sockets/seen_socket.hpp"
#include "channel/json.hpp"

namespace nap::agent {

Result<channel::Json> queues_of(const RunningKernel& kernel,
                                const SeenSocket& socket);  // empty: nothing waits
Result<> fill_queues(int module, int fd, const channel::Json& told);

}  // namespace nap::agent
