// SPDX-License-Identifier: GPL-2.0-only
// What a machine's QEMU may do on the host.
#pragma once

#include "e2e/machine.hpp"

namespace nap::e2e {

// Test failures unless the QEMU that runs the machine now is a user of its own, without capabilities,
// confined to the system calls it needs, and that user alone, beside root, can open the machine's memory.
void expect_without_rights(const Machine& machine);

}  // namespace nap::e2e
