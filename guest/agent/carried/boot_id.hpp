// SPDX-License-Identifier: GPL-2.0-only
// Boot ID: by which journals and programs tell boots apart; for the machine, an update is none.
#pragma once

#include "agent/carried/part.hpp"

namespace nap::agent {

extern const Part kBootId;

// "6fd5...-...\n" as its 16 bytes; empty: it is none.
std::string boot_id_bytes(std::string_view text);

}  // namespace nap::agent
