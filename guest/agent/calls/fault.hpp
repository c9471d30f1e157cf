// SPDX-License-Identifier: GPL-2.0-only
// Faults on purpose, for tests: only in a kernel booted with nap.testing on its command line, which the host
// gives it.
#pragma once

#include <string>

#include "agent/calls/agent.hpp"
#include "channel/link.hpp"

namespace nap::agent {

Result<channel::Json> fault(Agent& agent, const channel::Json& params, channel::Call& call);

// Held while a call is answered: where a test asked for it, the first call of each name takes longer, half of
// it before its work and half after.
class Slowness {
  public:
    explicit Slowness(const std::string& method);
    ~Slowness();
    Slowness(const Slowness&) = delete;
    Slowness& operator=(const Slowness&) = delete;

  private:
    bool slow_ = false;
};

}  // namespace nap::agent
