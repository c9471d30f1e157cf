// SPDX-License-Identifier: GPL-2.0-only
// Descriptors: socket options and counters that a dump has changed, set back through CRIU's own descriptors
// while it is held at its exit. So they are reached wherever they are, also in a queue between two sockets.
#pragma once

#include <string>
#include <vector>

#include "agent/undo/journal.hpp"

namespace nap::agent {

using Problems = std::vector<std::string>;  // one sentence each: what could not be undone, and why

void undo_descriptors(const std::vector<OpenAct>& acts, Problems& problems);

}  // namespace nap::agent
