// SPDX-License-Identifier: GPL-2.0-only
// A machine's lock: its supervisor holds it from before it starts or recovers the machine until all is down.
#pragma once

#include <optional>

#include "base/fd.hpp"
#include "machine/definition/paths.hpp"

namespace nap::supervisor {

// Held while the descriptor is open. None: somebody else holds it.
Result<std::optional<UniqueFd>> try_lock(const machine::MachinePaths& paths);

}  // namespace nap::supervisor
