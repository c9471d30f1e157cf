// SPDX-License-Identifier: GPL-2.0-only
// Accounts: what the older kernel remembered of the tasks beside CRIU's images (guest/module/nap_account.h):
// it came from the host, and the module writes it into this kernel.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "agent/contexts/adoption.hpp"
#include "base/error.hpp"

namespace nap::agent {

// The same words with the processes' host pids; an error where they are no accounts, or of a process that was
// not recreated.
Result<std::vector<std::uint64_t>> with_host_pids(std::vector<std::uint64_t> words, const HostPids& pids);

// What this kernel refused, one sentence each, with the userland's pids.
std::vector<std::string> refusals(const nap_accounts& report, const HostPids& pids);

// Of all processes, while they are frozen. What this kernel refuses is a warning.
Result<> put_back_accounts(const AdoptionDevice& device, std::vector<std::uint64_t> words,
                           const HostPids& pids, std::vector<std::string>& warnings);

}  // namespace nap::agent
