// SPDX-License-Identifier: GPL-2.0-only
// Network lock: no packet leaves a socket while CRIU recreates sockets one after the other, or the one that
// is there already is answered with a reset for its peer that is not. Answers to SYNs pass: the kernel gives
// up a half open connection whose answer it cannot repeat.
#pragma once

#include "base/fd.hpp"

namespace nap::agent {

inline constexpr int kMarkThatPasses = 0xC114;  // of packets: SOCCR_MARK in CRIU's soccr/soccr.h

// A BPF link: until it is detached, or every copy of it closed, only packets with that mark, and answers to
// SYNs, pass.
Result<UniqueFd> lock_network();

}  // namespace nap::agent
