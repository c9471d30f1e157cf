// SPDX-License-Identifier: GPL-2.0-only
// Rehearse: connections of nobody are recreated in a network of their own while the clients are still served.
// What a kernel does for the first time takes several times as long.
#pragma once

#include "base/error.hpp"

namespace nap::agent {

// With nap.ko loaded. Nothing of it is left.
Result<> rehearse_connections();

}  // namespace nap::agent
