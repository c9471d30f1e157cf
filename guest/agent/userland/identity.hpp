// SPDX-License-Identifier: GPL-2.0-only
// Identity: what the machine's programs know their machine by, the same in every generation.
#pragma once

#include "base/error.hpp"

namespace nap::agent {

// The machine's root control group looks like the root one, and systemd does not take the machine for a
// container. The adoption module does it; where it is not loaded, it is for as long as it takes.
Result<> disguise_root_group();

}  // namespace nap::agent
