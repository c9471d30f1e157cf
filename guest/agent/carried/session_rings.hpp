// SPDX-License-Identifier: GPL-2.0-only
// Session key rings: whoever shared one shares one, of the same name and serial number, with the link to its
// user's ring. Other keys are an obstacle (check/processes/keys.hpp).
#pragma once

#include "agent/carried/part.hpp"

namespace nap::agent {

// What takes a while, before the userland is frozen.
Result<> prepare_session_rings();

Result<channel::Json> capture_session_rings(Agent& agent, const Task& init);
Result<> put_back_session_rings(Agent& agent, const channel::Json& captured, const HostPids& pids,
                                Warnings& warnings);

}  // namespace nap::agent
