// SPDX-License-Identifier: GPL-2.0-only
// Ring keys: what a key ring links to, from the kernel's memory. Of keys only the type "user" is read, whose
// payload is bytes of a program's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/kernel_memory/running_kernel.hpp"

namespace nap::agent {

struct UserKey {
    std::int32_t serial = 0;
    std::string description, payload;
    std::uint32_t uid = 0, gid = 0, permissions = 0;
    std::int64_t expires = 0;  // s of CLOCK_REALTIME; 0: never
};

struct RingLinks {
    std::vector<UserKey> keys;
    bool others = false;  // rings, keys of other types
};

// `ring`: of a struct key that is a ring.
Result<RingLinks> read_ring_links(const RunningKernel& kernel, std::uint64_t ring);
Result<std::string> read_key_description(const RunningKernel& kernel, std::uint64_t key);

}  // namespace nap::agent
