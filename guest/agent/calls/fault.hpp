// SPDX-License-Identifier: GPL-2.0-only
// Faults on purpose, for tests: only in a kernel booted with nap.testing on its command line, which the host
// gives it.
#pragma once

#include "agent/calls/agent.hpp"
#include "channel/link.hpp"

namespace nap::agent {

Result<channel::Json> fault(Agent& agent, const channel::Json& params, channel::Call& call);

}  // namespace nap::agent
