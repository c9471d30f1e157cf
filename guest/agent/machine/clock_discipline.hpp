// SPDX-License-Identifier: GPL-2.0-only
// Clock discipline: what chrony, ntpd and ptp4l have told the kernel of its clock, by adjtimex(2): frequency,
// tick, TAI offset, status, errors, what is left of a slow adjustment.
#pragma once

#include "base/error.hpp"
#include "channel/json.hpp"

namespace nap::agent {

Result<channel::Json> read_discipline();
Result<> set_discipline(const channel::Json& discipline);

// Setting the time clears it: kept until then, in a file, for an agent that is started again.
Result<> keep_discipline(const channel::Json& discipline);
Result<> restore_discipline();

}  // namespace nap::agent
