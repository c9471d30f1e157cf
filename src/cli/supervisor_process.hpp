// SPDX-License-Identifier: GPL-2.0-only
// Starting a machine's supervisor, and waiting for what it says of the machine.
#pragma once

#include "cli/command.hpp"

namespace nap::cli {

// True: the machine runs. `recover_only`: false where nothing was left of it that could go on; else it is
// booted.
Result<bool> start_supervisor(const Context& context, const std::string& name, bool recover_only);

}  // namespace nap::cli
