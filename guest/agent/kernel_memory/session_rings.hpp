// SPDX-License-Identifier: GPL-2.0-only
// Session rings: the key rings that threads have as their session's (keyctl_join_session_keyring), from the
// kernel's memory: others than a session's own threads may not see them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/kernel_memory/kernel_pass.hpp"
#include "agent/kernel_memory/ring_keys.hpp"

namespace nap::agent {

struct SessionRing {
    std::int32_t serial = 0;
    std::string name;
    std::uint32_t uid = 0, gid = 0, permissions = 0;
    RingLinks links;
    std::vector<std::int32_t> tids;  // in the userland
};

class SessionRingSearch {
  public:
    // In the running kernel. The first call takes a while; later ones find it kept.
    static Result<const SessionRingSearch*> get();
    // Those of the userland, but for the one that each user has by default.
    [[nodiscard]] Result<std::vector<SessionRing>> run() const;

  private:
    static Result<SessionRingSearch> load(const RunningKernel& kernel);
    SessionRingSearch(const RunningKernel& kernel, KernelPass pass)
        : kernel_(&kernel), pass_(std::move(pass)) {}

    const RunningKernel* kernel_;
    KernelPass pass_;
};

}  // namespace nap::agent
