// SPDX-License-Identifier: GPL-2.0-only
// Kernel settings: what the machine's programs have set in its kernel.
#pragma once

#include "agent/carried/part.hpp"

namespace nap::agent {

extern const Part kKernelSettings;

}  // namespace nap::agent
