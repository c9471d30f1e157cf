// SPDX-License-Identifier: GPL-2.0-only
// Tells the machine's clocks to somebody outside who holds his own against them.
#pragma once

namespace guest {

// For each line of the standard input, one of the output: CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_REALTIME,
// ns.
int tell_clocks();

}  // namespace guest
