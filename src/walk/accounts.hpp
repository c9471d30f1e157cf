// SPDX-License-Identifier: GPL-2.0-only
// Accounts: what a stopped kernel remembers of the userland's tasks beside CRIU's images, read from its K
// file: times, counters, start times, affinity and other settings. Form: guest/module/nap_account.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "walk/layout.hpp"

namespace nap::walk {

struct AccountLimits {
    std::uint64_t processes = 100'000, threads = 200'000;
};

// Of all processes, zombies too, ascending by pid. Every byte is untrusted, as for walk().
Result<std::vector<std::uint64_t>> read_accounts(std::span<const std::byte> kernel_memory,
                                                 const KernelLayout& layout, const Anchors& anchors,
                                                 std::int32_t init_host_pid,
                                                 const AccountLimits& limits = {});

}  // namespace nap::walk
