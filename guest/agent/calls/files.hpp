// SPDX-License-Identifier: GPL-2.0-only
// Files: copies files and folders into and out of the userland.
#pragma once

#include "agent/calls/agent.hpp"
#include "channel/link.hpp"
#include "channel/tree.hpp"

namespace nap::agent {

// Feeds `receiver` from data part 0 until its end.
Result<> receive_tree(channel::Call& call, channel::TreeReceiver& receiver);

// path: absolute, a folder in the userland's mount namespace. Its names.
Result<channel::Json> list(Agent& agent, const channel::Json& params, channel::Call& call);

// path: absolute, in the userland's mount namespace. Data part 0: the tree.
Result<channel::Json> put(Agent& agent, const channel::Json& params, channel::Call& call);
Result<channel::Json> get(Agent& agent, const channel::Json& params, channel::Call& call);

}  // namespace nap::agent
