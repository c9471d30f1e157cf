// SPDX-License-Identifier: GPL-2.0-only
// What must be true of a machine whatever happened to an update.
#pragma once

#include "e2e/machine.hpp"

namespace nap::e2e {

// The client counts on: the service answers.
void expect_progress(const Counter& counter);
// The client's report, which ends it: no number lost or repeated, one connection.
void expect_nothing_lost(Counter& counter);
// The machine's last update as `nap history` has it; empty where there is none.
nlohmann::json last_report(const Machine& machine);
// One QEMU; of memory, sockets and overlays those of the generation that runs, no others.
void expect_nothing_left(const Machine& machine);

}  // namespace nap::e2e
