// SPDX-License-Identifier: GPL-2.0-only
// Holding a generation's packets inside its QEMU, in both directions, losing none.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/error.hpp"
#include "machine/qemu/qmp.hpp"

namespace nap::machine {

// Pure: what -object and object-add are told. QEMU's filter-buffer lets go every `interval`; the longest it
// knows is 71 minutes of the guest's running time, more than any update may take. It holds 10000 packets;
// further ones are dropped.
nlohmann::json network_hold_object();

Result<> hold_network(Qmp& qmp);
// What was held, if anything was, goes through, in order; then the generation announces its MAC to the
// network.
Result<> release_network(Qmp& qmp);

}  // namespace nap::machine
