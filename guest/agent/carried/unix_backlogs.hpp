// SPDX-License-Identifier: GPL-2.0-only
// Connections that unix listeners have not accepted: read in the kernel's memory, made again by CRIU from a
// file among its images.
#pragma once

#include <span>
#include <string>

#include "agent/carried/part.hpp"
#include "agent/kernel_memory/unix_backlogs.hpp"

namespace nap::agent {

Result<channel::Json> capture_unix_backlogs(Agent& agent, const Task& init);

// As CRIU's include/unix-backlog.h describes it.
std::string encode_unix_backlogs(std::span<const BacklogConnection> connections);

}  // namespace nap::agent
