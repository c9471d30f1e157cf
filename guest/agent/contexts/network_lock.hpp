// SPDX-License-Identifier: GPL-2.0-only
// Network lock: no packet leaves a socket while CRIU recreates sockets one after the other, or the one that
// is there already is answered with a reset for its peer that is not.
#pragma once

#include "base/fd.hpp"

namespace nap::agent {

inline constexpr int kMarkThatPasses = 0xC114;  // of packets: SOCCR_MARK in CRIU's soccr/soccr.h

// A BPF link: until it is detached, or every copy of it closed, only packets with that mark pass.
Result<UniqueFd> lock_network();

}  // namespace nap::agent
