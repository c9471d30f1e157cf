// SPDX-License-Identifier: GPL-2.0-only
// The machine's modules: told of the older kernel, loaded into the newer one before anything depends on them.
#pragma once

#include "agent/calls/agent.hpp"
#include "channel/link.hpp"

namespace nap::agent {

// Replies modules [{name, foreign, parameters {}}], in load order.
Result<channel::Json> modules(Agent& agent, const channel::Json& params, channel::Call& call);

// Newer kernel, before `prepare`. modules [{file, name, parameters {}}], in load order. Data part 0: a folder
// with the files. Replies warnings [].
Result<channel::Json> load_modules(Agent& agent, const channel::Json& params, channel::Call& call);

}  // namespace nap::agent
