// SPDX-License-Identifier: GPL-2.0-only
// Clock: how the machine's programs have disciplined it.
#pragma once

#include "agent/carried/part.hpp"

namespace nap::agent {

extern const Part kClock;

}  // namespace nap::agent
