// SPDX-License-Identifier: GPL-2.0-only
// Network lock: no packet leaves a socket while CRIU recreates sockets one after the other, or the one that
// is there already is answered with a reset for its peer that is not.
#pragma once

#include "base/fd.hpp"

namespace nap::agent {

// A BPF link: until it is detached, or every copy of it closed, only the packets that CRIU itself sends pass.
Result<UniqueFd> lock_network();

}  // namespace nap::agent
