// SPDX-License-Identifier: GPL-2.0-only
// The watchdog: whatever becomes of the host or of the agent, a frozen userland does not stay frozen.
// Freezing sets a deadline, thawing removes it; process 1 looks at it, thaws when it has passed, and ends the
// agent, which must hang. While the kernel is stopped no time passes: after commit it never goes off.
#pragma once

#include <sys/types.h>

#include <chrono>

#include "base/error.hpp"

namespace nap::agent {

Result<> set_thaw_deadline(std::chrono::milliseconds from_now);
void remove_thaw_deadline();

void watch(pid_t agent);  // process 1's: once in a while

}  // namespace nap::agent
