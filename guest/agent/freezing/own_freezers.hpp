// SPDX-License-Identifier: GPL-2.0-only
// Control groups below the userland's which the machine itself has frozen. Their tasks cannot be traced, so
// they are thawed while CRIU dumps, under the userland's own freezer, and frozen again before anything runs.
#pragma once

#include "base/error.hpp"

namespace nap::agent {

// Which ones is kept in a file: whoever thaws the userland, even after this agent has ended, freezes them
// first.
Result<> thaw_own_freezers();
Result<> freeze_own_freezers();

}  // namespace nap::agent
