// SPDX-License-Identifier: GPL-2.0-only
// Exec: a command inside the userland, at the host's terminal or through pipes.
#pragma once

#include "agent/calls/agent.hpp"
#include "channel/link.hpp"

namespace nap::agent {

// argv, tty, rows, cols, env. Replies with exit_status (128 + signal) when the command has ended.
Result<channel::Json> exec(Agent& agent, const channel::Json& params, channel::Call& call);

}  // namespace nap::agent
