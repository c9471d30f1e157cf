// SPDX-License-Identifier: GPL-2.0-only
// Sent sockets: those on their way to somebody through a unix socket (SCM_RIGHTS), which no process has. CRIU
// carries them, but not what the agent adds for sockets that have a descriptor.
#pragma once

#include <optional>

#include "agent/check/obstacle.hpp"
#include "agent/sockets/seen_socket.hpp"

namespace nap::agent {

// `socket`: in whose queue they wait.
Result<std::optional<Finding>> judge_sent(const RunningKernel& kernel, const SeenSocket& socket);

}  // namespace nap::agent
