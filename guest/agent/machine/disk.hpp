// SPDX-License-Identifier: GPL-2.0-only
// Disk: the machine's disk and its root file system.
#pragma once

#include "agent/calls/agent.hpp"
#include "channel/link.hpp"

namespace nap::agent {

// partition (0: the whole disk). Whatever this kernel has read of the disk so far is forgotten first.
Result<channel::Json> mount_root(Agent& agent, const channel::Json& params, channel::Call& call);

Result<> set_root_frozen(bool frozen);  // FIFREEZE or FITHAW; being so already is no error

// frozen: as set_root_frozen().
Result<channel::Json> file_systems(Agent& agent, const channel::Json& params, channel::Call& call);

}  // namespace nap::agent
