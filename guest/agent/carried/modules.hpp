// SPDX-License-Identifier: GPL-2.0-only
// Modules: nearly all were loaded in prepare (agent/modules). Here it is made sure of: what was loaded since
// is missing, what was unloaded since goes.
#pragma once

#include "agent/carried/part.hpp"

namespace nap::agent {

Result<channel::Json> capture_modules(Agent& agent, const Task& init);
Result<> make_sure_of_modules(Agent& agent, const channel::Json& captured, Warnings& warnings);

}  // namespace nap::agent
