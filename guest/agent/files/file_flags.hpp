// SPDX-License-Identifier: GPL-2.0-only
// File flags: how a file was opened, where whoever opens it again cannot say so: without O_LARGEFILE, which
// the kernel adds for a path, or by O_TMPFILE; and that such a file can still be given a name (linkat).
#pragma once

#include "agent/carried/part.hpp"

namespace nap::agent {

// What takes a while, before the userland is frozen.
Result<> prepare_file_flags();

Result<channel::Json> capture_file_flags(Agent& agent, const Task& init);
Result<> put_back_file_flags(Agent& agent, const channel::Json& captured, const HostPids& pids,
                             Warnings& warnings);

}  // namespace nap::agent
