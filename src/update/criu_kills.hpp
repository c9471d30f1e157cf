// SPDX-License-Identifier: GPL-2.0-only
// A fault on purpose: CRIU is killed in the older kernel again and again, at instants all over its dump.
#pragma once

#include "base/error.hpp"

namespace nap::update {

struct Attempt;

// The userland runs a moment between any two dumps. Ends with an error, so that the update is rolled back:
// what it says of the kills, or the first thing that was not as it must be.
Result<> kill_criu_often(Attempt& attempt);

}  // namespace nap::update
