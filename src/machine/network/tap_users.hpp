// SPDX-License-Identifier: GPL-2.0-only
// How many queues of a tap interface are attached: one each for whoever uses it.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.hpp"

namespace nap::machine {

// In the network namespace the calling thread is in (IFLA_TUN_NUM_QUEUES of rtnetlink).
Result<std::uint32_t> attached_queues(const std::string& interface);

}  // namespace nap::machine
